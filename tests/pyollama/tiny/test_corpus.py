"""The corpus: seeded, split by construction, rendered by the model's own template."""

import json
from itertools import islice
from typing import Any

import pytest

from pyollama.tiny.corpus import FAMILIES, Example, examples
from pyollama.tiny.corpus.facts import facts
from pyollama.tiny.corpus.tools import tool_example
from pyollama.tiny.corpus.words import Words, is_held_out
from pyollama.tiny.rendering import render, render_example


def some(count: int, seed: int = 3, **options: Any) -> list[Example]:
    return list(islice(examples(seed, **options), count))


def last_user_text(example: Example) -> str:
    return str([m["content"] for m in example.messages if m["role"] == "user"][-1])


def invented_names(example: Example) -> set[str]:
    """The names of the tools, cut into their words."""
    names = [tool["function"]["name"] for tool in example.tools]
    return {part for name in names for part in name.split("_")}


def test_the_same_seed_gives_the_same_conversations() -> None:
    assert some(50) == some(50)
    assert some(50) != some(50, seed=4)


def test_every_family_ends_with_the_assistant_and_appears() -> None:
    found = some(600)
    assert all(example.messages[-1]["role"] == "assistant" for example in found)
    assert len({example.family for example in found}) >= 9


@pytest.mark.parametrize("held_out", [False, True])
def test_invented_words_stay_in_their_part(held_out: bool) -> None:
    from random import Random

    words = Words(Random(1), held_out=held_out)
    assert all(is_held_out(words.word(2)) == held_out for _ in range(300))


def test_tools_of_the_held_out_part_have_names_that_training_never_shows() -> None:
    shares = {tool_example: 1}
    trained = set().union(*map(invented_names, some(400, families=shares)))
    kept = set().union(*map(invented_names, some(400, families=shares, held_out=True)))
    invented = {name for name in kept if is_held_out(name) and name not in _everyday_parts()}
    assert len(invented) > 100
    assert not invented & trained


def _everyday_parts() -> set[str]:
    from pyollama.tiny.corpus.tool_kinds import KINDS
    from pyollama.tiny.corpus.tools import _VERBS

    return {part for kind in KINDS for name in kind.names for part in name.split("_")} | {*_VERBS}


def test_held_out_questions_about_facts_are_not_asked_in_training() -> None:
    trained = {last_user_text(e) for e in some(1500) if e.family == "facts"}
    kept = {last_user_text(e) for e in some(500, held_out=True) if e.family == "facts"}
    assert kept
    assert not kept & trained


def test_the_arguments_of_a_call_stand_in_the_prompt() -> None:
    for example in some(300, families={tool_example: 1}):
        prompt, _ = render_example(example)
        for call in example.messages[-1]["tool_calls"]:
            assert f'"{call["function"]["name"]}"' in prompt
            for key, value in call["function"]["arguments"].items():
                assert f'"{key}"' in prompt
                assert str(value) in last_user_text(example)


def test_what_the_assistant_writes_parses_back() -> None:
    for example in some(300, families={tool_example: 1}):
        _, reply = render_example(example)
        assert reply.endswith("<|im_end|>")
        pieces = reply.split("<tool_call>")[1:]
        calls = [json.loads(piece.split("</tool_call>")[0]) for piece in pieces]
        assert calls == [call["function"] for call in example.messages[-1]["tool_calls"]]


def test_the_prompt_is_a_prefix_of_every_conversation() -> None:
    for example in some(400, families=FAMILIES):  # render_example raises where it is not
        prompt, reply = render_example(example)
        assert prompt.endswith("<think>\n" if example.thinking else "<|im_start|>assistant\n")
        assert ("</think>" in reply) == example.thinking


def test_every_answer_of_the_table_holds_a_key_word() -> None:
    for fact in facts():
        for said in fact.answers:
            assert any(key in said.lower() for key in fact.keys), fact.topic


def test_the_template_takes_arguments_as_text_and_drops_old_thoughts() -> None:
    call = {"type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two", "reasoning_content": "a thought"},
        {"role": "user", "content": "three"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "1", "tool_name": "add"},
    ]
    text = render(messages)
    assert '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>' in text
    assert "a thought" not in text
    assert "<tool_response>1</tool_response>" in text


def test_the_template_reads_a_tool_whatever_the_order_of_its_schema() -> None:
    schema = {"properties": {"city": {"type": "string"}}, "required": ["city"], "type": "object"}
    function = {"description": "Get", "parameters": schema, "name": "weather"}
    tool = {"function": function, "type": "function"}
    text = render([{"role": "user", "content": "hi"}], [tool])
    assert '{"description": "Get", "name": "weather", "parameters": {"city": "string"}}' in text
