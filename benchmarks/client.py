"""What a client measures of a server that runs: gaps between tokens, waits for the first, rates.

Prompts are letters of which each is one token in the random models' vocabulary, so that a prompt
has as many tokens as characters.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from streaming import Line, answer

T = TypeVar("T")

NAME = "measured"  # of the model in the server's store
# One token each in the random models' vocabulary, which merges nothing but a and b.
LETTERS = "cdefghijklmnopqrstuvxyz "


class Client:
    """Asks one server for answers of the model NAME."""

    def __init__(self, url: str, seed: int = 0) -> None:
        self.url = url
        self.rng = random.Random(seed)
        self.contexts: dict[int, str] = {}

    def fresh(self, n_token: int) -> str:
        """A prompt that the server has not seen before."""
        return "".join(self.rng.choices(LETTERS, k=n_token))

    def context(self, n_token: int) -> str:
        """A prompt that is always the same, so that it is in the cache from its second use on."""
        if n_token not in self.contexts:
            self.contexts[n_token] = self.fresh(n_token)
        return self.contexts[n_token]

    def generate(self, prompt: str, n_token: int) -> list[Line]:
        """The lines of an answer that is not cut short; the last one has the statistics."""
        body = {
            "model": NAME,
            "prompt": prompt,
            "raw": True,
            "options": {"num_predict": n_token, "seed": self.rng.randrange(2**31)},
        }
        return answer(self.url, body)

    def decode(self, n_token: int, n_context: int) -> float:
        """Mean seconds between streamed tokens behind a context that is in the cache."""
        return gap(self.generate(self.context(n_context), n_token + 1))

    def prefill(self, n_prompt: int) -> float:
        """Seconds per token from sending a prompt to the first token of its answer."""
        prompt = self.fresh(n_prompt)
        started = time.perf_counter()
        lines = self.generate(prompt, 1)
        return (lines[0].arrived - started) / int(lines[-1].event["prompt_eval_count"])

    def one(self, n_prompt: int, n_token: int) -> float:
        """Tokens per second of a single stream."""
        return rate([self.generate(self.fresh(n_prompt), n_token)])

    def together(self, n_stream: int, n_prompt: int, n_token: int) -> float:
        """Tokens per second of streams that run at once, while all of them run."""
        prompts = [self.fresh(n_prompt) for _ in range(n_stream)]
        return rate(at_once(lambda prompt: self.generate(prompt, n_token), prompts))

    def throughput(self, n_stream: int, n_prompt: int, n_token: int) -> float:
        """Tokens per second of requests at once, their prompts included: see `overall_rate`."""
        prompts = [self.fresh(n_prompt) for _ in range(n_stream)]
        return overall_rate(self.count, prompts, n_token)

    def count(self, prompt: str, n_token: int) -> int:
        """The tokens of an answer."""
        return int(self.generate(prompt, n_token)[-1].event["eval_count"])


def overall_rate(count: Callable[[str, int], int], prompts: Sequence[str], n_token: int) -> float:
    """Tokens generated per second, from sending all prompts at once to the end of the last answer.

    count: asks a server for an answer to a prompt, of so many tokens; tells how many came
    """
    started = time.perf_counter()
    n = sum(at_once(lambda prompt: count(prompt, n_token), prompts))
    return n / (time.perf_counter() - started)


def at_once(ask: Callable[[str], T], prompts: Sequence[str]) -> list[T]:
    """The answers to prompts that are sent side by side. Raises what one that failed raised."""
    with ThreadPoolExecutor(len(prompts)) as threads:
        return list(threads.map(ask, prompts))


def arrivals(lines: Sequence[Line]) -> list[float]:
    """When the lines with text arrived: the last line, with the statistics, is no token."""
    return [line.arrived for line in lines if not line.event["done"]]


def gap(lines: Sequence[Line]) -> float:
    """Mean seconds between tokens, from the first line's arrival to that of the last.

    A token that shows no text yet has no line and is counted by the server. Never less than what
    the server tells: lines that wait for a busy client come in one heap. ValueError if the answer
    is too short to have a gap.
    """
    times, last = arrivals(lines), lines[-1].event
    if len(times) < 2:
        raise ValueError("the answer has fewer than two lines of text")
    seconds = max(times[-1] - times[0], int(last["eval_duration"]) / 1e9)
    return seconds / (int(last["eval_count"]) - 1)


def rate(answers: Sequence[Sequence[Line]]) -> float:
    """Tokens per second of all answers together, from when the last has begun until one ends.

    Tokens without a line are counted by the server's own count. ValueError if at no time all run.
    """
    times = [arrivals(lines) for lines in answers]
    if not all(times):
        raise ValueError("an answer has no text")
    begin, end = max(each[0] for each in times), min(each[-1] for each in times)
    if begin >= end:
        raise ValueError("the answers did not run at once")
    inside = sum(begin < moment <= end for each in times for moment in each)
    n_token = sum(int(lines[-1].event["eval_count"]) for lines in answers)
    return inside * n_token / sum(map(len, times)) / (end - begin)
