"""Conversations through Go templates: messages, turns, tools, thinking."""

from collections.abc import Mapping
from typing import Any

import pytest

from pyollama.gotemplate import ExecutionError, ParseError
from pyollama.gotemplate.prompts import GoPrompt, Think

OFF = Think()
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "f",
        "parameters": {
            "type": "object",
            "required": ["b"],
            "properties": {
                "b": {"type": ["string", "null"], "description": "<b>"},
                "a": {"anyOf": [{"type": "integer"}, {"type": "array"}], "enum": [1, 2]},
            },
        },
    },
}
TOOL_JSON = (
    '{"type":"function","function":{"name":"f","description":"","parameters":{"type":"object",'
    '"required":["b"],"properties":{"a":{"anyOf":[{"type":"integer"},{"type":"array"}],'
    '"enum":[1,2]},"b":{"type":["string","null"],"description":"\\u003cb\\u003e"}}}}}'
)


def said(*turns: str) -> list[Mapping[str, Any]]:
    """s:text for the system, u: for the user, a: for the assistant, t: for a tool."""
    roles = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}
    return [{"role": roles[turn[0]], "content": turn[2:]} for turn in turns]


def rendered(source: str, *turns: str, tools: tuple[Any, ...] = (), think: Think = OFF) -> str:
    return GoPrompt(source).render(said(*turns), tools, think)


EACH = "{{ range .Messages }}{{ .Role }}:{{ .Content }};{{ end }}"
TURN = "{{ if .System }}<|s|>{{ .System }}{{ end }}<|u|>{{ .Prompt }}<|a|>{{ .Response }}<|e|>"


def test_messages_of_one_role_in_a_row_are_one_but_results_of_tools_are_not() -> None:
    assert rendered(EACH, "u:1", "u:2", "t:3", "t:4") == "user:1\n\n2;tool:3;tool:4;"


def test_all_system_texts_are_joined_and_stay_among_the_messages() -> None:
    source = "{{ .System }}|" + EACH
    assert rendered(source, "s:1", "u:2", "s:3") == "1\n\n3|system:1;user:2;system:3;"


def test_an_older_template_is_run_for_each_turn_and_ends_where_the_answer_goes() -> None:
    assert rendered(TURN, "s:S", "u:U1", "a:A1", "u:U2") == (
        "<|s|>S<|u|>U1<|a|>A1<|e|><|u|>U2<|a|>"
    )


def test_an_older_template_puts_the_start_of_an_answer_at_the_end() -> None:
    assert rendered(TURN, "u:U", "a:A") == "<|u|>U<|a|>A"


def test_an_older_template_begins_a_turn_with_a_second_system_message() -> None:
    assert rendered(TURN, "s:1", "u:U", "s:2") == "<|s|>1<|u|>U<|a|><|e|><|s|>2<|u|><|a|>"


def test_a_template_without_a_place_for_the_answer_gets_one_at_its_end() -> None:
    assert rendered("{{ .Prompt }}", "u:U", "a:A", "u:V") == "UAV"


def test_a_block_that_is_cut_loses_its_else() -> None:
    source = "{{ if .Prompt }}{{ .Prompt }}>{{ .Response }}<{{ else }}x{{ end }}y"
    assert rendered(source, "u:U") == "U>"
    assert rendered(source, "s:S") == ""


def test_tools_print_as_json_with_sorted_properties() -> None:
    assert rendered("{{ .Messages }}{{ .Tools }}", tools=(TOOL,)) == f"[][{TOOL_JSON}]"
    source = "{{ .Messages }}{{ range .Tools }}{{ .Function.Name }} {{ . }}{{ end }}"
    assert rendered(source, tools=(TOOL,)) == f"[]f {TOOL_JSON}"


def test_no_tools_print_as_null_and_are_false() -> None:
    assert rendered("{{ .Messages }}{{ .Tools }}{{ if .Tools }}x{{ end }}") == "[]null"


def test_properties_tell_their_types() -> None:
    source = (
        "{{ range .Messages }}{{ end }}{{ range $t := .Tools }}{{ range $n, $p := "
        ".Function.Parameters.Properties }}{{ $n }} {{ $p.Type }} {{ toTypeScriptType $p }} "
        "{{ $p.ToTypeScriptType }};{{ end }}{{ end }}"
    )
    expected = "a  number | any[] number | any[];b [string null] string | null string | null;"
    assert rendered(source, tools=(TOOL,)) == expected


def test_arguments_print_as_sorted_json_and_their_numbers_are_floats() -> None:
    call = {"id": "i", "function": {"name": "f", "arguments": {"b": 1000000, "a": "x"}}}
    message = {"role": "assistant", "content": "", "tool_calls": [call]}
    source = (
        "{{ range .Messages }}{{ range .ToolCalls }}{{ .Function.Arguments }}"
        "{{ range $k, $v := .Function.Arguments }} {{ $k }}={{ $v }}{{ end }} {{ json . }} {{ . }}"
        "{{ end }}{{ end }}"
    )
    arguments = '{"a":"x","b":1000000}'
    assert GoPrompt(source).render([message], (), OFF) == (
        f"{arguments} a=x b=1e+06 "
        f'{{"ID":"i","Function":{{"Index":0,"Name":"f","Arguments":{arguments}}}}} '
        f"{{i {{0 f {arguments}}}}}"
    )


def test_a_message_prints_as_a_struct_and_has_no_other_fields() -> None:
    assert rendered("{{ range .Messages }}{{ . }}{{ end }}", "u:hi") == "{user hi  [] []  }"
    assert rendered("{{ range .Messages }}{{ json . }}{{ end }}", "u:hi") == (
        '{"Role":"user","Content":"hi","Thinking":"","Images":null,"ToolCalls":null,'
        '"ToolName":"","ToolCallID":""}'
    )
    with pytest.raises(ExecutionError, match="can't evaluate field Foo in type"):
        rendered("{{ range .Messages }}{{ .Foo }}{{ end }}", "u:hi")


def test_a_template_is_told_of_thinking() -> None:
    source = "{{ .Messages }}{{ .Think }} {{ .ThinkLevel }} {{ .IsThinkSet }}"
    assert rendered(source, think=Think(True, "medium", True)) == "[]true medium true"


def test_the_middle_is_filled_in_with_prompt_and_suffix() -> None:
    assert GoPrompt("{{ .Prompt }}_{{ .Suffix }}").fill_in("a", "b", OFF) == "a_b"


@pytest.mark.parametrize(
    ("source", "tags"),
    [
        (
            "{{ range .Messages }}{{ if .Thinking }}<t> {{ .Thinking }} </t>{{ end }}{{ end }}",
            ("<t>", "</t>"),
        ),
        ("{{ range $.Messages }}<t>{{ .Thinking }}</t>{{ end }}", ("", "")),
        ("{{ range .Messages }}<t>{{ .Thinking }}{{ end }}", ("", "")),
        ("<t>{{ .Thinking }}</t>", ("", "")),
    ],
)
def test_tags_of_thinking_are_the_texts_around_it(source: str, tags: tuple[str, str]) -> None:
    assert GoPrompt(source).tags == tags


def test_the_call_of_a_template_needs_data() -> None:
    with pytest.raises(ParseError, match="undefined template specified"):
        GoPrompt('{{ define "x" }}{{ end }}{{ template "x" }}')


def test_names_are_found_in_every_pipeline() -> None:
    source = "{{ define `d` }}{{ .Tools }}{{ end }}{{ if and .A (len $.B.C) }}{{ (.D).E }}{{ end }}"
    assert GoPrompt(source).variables == {"tools", "a", "$", "b", "c", "response"}
