"""Measure the model: python -m pyollama.tiny.evaluate rewrites the figures in README.md.

Answers are greedy, and come from the exported file through the engine that serves it. Three
measures, all on the held-out part of the corpus, whose invented words and dressed-up questions
training never saw:

- the loss, in nats per token that the assistant writes;
- 200 tool prompts: right is the very same calls, names and arguments equal, and nothing missing;
- 100 questions over the other families: on topic is an answer that holds a key word of the fact,
  or, where only one answer is right (copying, JSON), exactly that answer.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import regex

from pyollama.tiny.answering import Writer, parse_calls, without_thought
from pyollama.tiny.corpus import FAMILIES, Example, examples
from pyollama.tiny.corpus.tools import tool_example
from pyollama.tiny.model import Llama
from pyollama.tiny.plot import plot_loss
from pyollama.tiny.rendering import render, render_example
from pyollama.tiny.train import WORK, held_out_loss, load_checkpoint
from pyollama.tiny.vocabulary import Vocabulary

__all__ = ["Judge", "main", "on_topic", "right_calls"]

_SEED = 7_000_000  # far from the pools that training draws
_N_TOOLS, _N_QUESTIONS = 200, 100
_README = Path(__file__).parent / "README.md"

_SAMPLES = (
    "Why is the sky blue?", "Hello!", "Who are you?", "What is pyollama?", "How are you?",
    "Why does it rain?", "What is the capital of Italy?", "What is the opposite of hot?",
    "What is 3 plus 4?", "How do I make tea?", "How many legs does a spider have?",
    "What comes after Monday?", "Tell me a story about a fox.", "Tell me a joke.",
    "What do plants need to grow?", "I am sad.", "Give me a JSON object with name Anna and age 12.",
    "Say hello to Peter.", "Which port does pyollama use?", "Name three fruits.",
)  # fmt: skip


def right_calls(example: Example, text: str) -> bool:
    """Whether the answer makes exactly the calls of the example."""
    wanted = [call["function"] for call in example.messages[-1]["tool_calls"]]
    return bool(parse_calls(text) == wanted)


def on_topic(example: Example, text: str) -> bool:
    """Whether the answer holds a key word of its fact, or is the only right one."""
    said, wanted = without_thought(text), str(example.messages[-1]["content"])
    if not example.keys:
        return said == wanted
    found = set(regex.findall(r"[\p{L}\p{N}.]+", said.lower()))
    found |= {word.rstrip(".") for word in found}
    return any(key in found or (len(key) > 4 and key in said.lower()) for key in example.keys)


@dataclass(frozen=True)
class Judge:
    """A checkpoint, and the file exported from it, ready to answer examples."""

    model: Llama
    vocabulary: Vocabulary
    writer: Writer

    def answer(self, example: Example) -> str:
        """The greedy answer to an example's prompt."""
        prompt, _ = render_example(example)
        return self.writer.complete(prompt, tools=example.tools)

    def say(self, question: str, *, thinking: bool = False) -> str:
        """The greedy answer to one question."""
        prompt = render([{"role": "user", "content": question}], thinking=thinking)
        return self.writer.complete(prompt)

    def tool_skill(self, count: int) -> int:
        """How many of so many held-out tool prompts get the right calls."""
        prompts = examples(_SEED, held_out=True, families={tool_example: 1})
        return sum(right_calls(e, self.answer(e)) for e in islice(prompts, count))

    def question_skill(self, count: int) -> tuple[int, Counter[str], Counter[str]]:
        """How many of so many held-out questions are answered on topic; right and all by family."""
        families = {family: share for family, share in FAMILIES.items() if family != tool_example}
        right: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        for example in islice(examples(_SEED, held_out=True, families=families), count):
            asked[example.family] += 1
            right[example.family] += on_topic(example, self.answer(example))
        return right.total(), right, asked


def _report(judge: Judge, n_tools: int, n_questions: int) -> Iterator[str]:
    """The measured part of the README, line by line."""
    loss = held_out_loss(judge.model, judge.vocabulary.tokenizer(), judge.vocabulary.padding)
    tools = judge.tool_skill(n_tools)
    topic, right, asked = judge.question_skill(n_questions)
    n_parameters = sum(weight.numel() for weight in judge.model.parameters())
    yield "| measure | result |\n| --- | --- |"
    yield f"| parameters | {n_parameters:,} |"
    yield f"| held-out loss | {loss:.3f} nats per token of the answers |"
    yield f"| right tool calls, held-out prompts | {tools} of {n_tools} |"
    yield f"| questions answered on topic | {topic} of {n_questions} |"
    by_family = ", ".join(f"{family} {right[family]}/{asked[family]}" for family in sorted(asked))
    yield f"\nBy family: {by_family}.\n"
    yield "Twenty answers, greedy:\n\n| question | answer |\n| --- | --- |"
    for question in _SAMPLES:
        said = judge.say(question).replace("\n", " ").replace("|", "\\|")
        yield f"| {question} | {said} |"
    thought = judge.say(_SAMPLES[0], thinking=True).replace("\n", "\n    ")
    yield f"\nThe first question again, with thinking asked for:\n\n    {thought}"


def _rewrite(readme: Path, report: str) -> None:
    """Put the report between the two marks of the README."""
    begin, end = "<!-- measured -->\n", "<!-- end -->"
    before, _, rest = readme.read_text("utf-8").partition(begin)
    after = rest.partition(end)[2]
    readme.write_text(f"{before}{begin}{report}\n{end}{after}", "utf-8")


def main() -> None:
    """Measure, print, and rewrite the README and the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=WORK)
    parser.add_argument("--model", type=Path, default=Path(__file__).parent / "tiny.gguf")
    parser.add_argument("--tools", type=int, default=_N_TOOLS)
    parser.add_argument("--questions", type=int, default=_N_QUESTIONS)
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    model, vocabulary = load_checkpoint(options.folder)
    judge = Judge(model, vocabulary, Writer(options.model))
    report = "\n".join(_report(judge, options.tools, options.questions))
    print(report)
    if not options.dry:
        _rewrite(_README, report)
        plot_loss(options.folder / "log.jsonl", Path(__file__).parent / "loss.png")


if __name__ == "__main__":
    main()
