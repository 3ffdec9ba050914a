r"""The Go templates that a recognised model is given, by name, and the parameters beside them.

Most formats are one line for each message. Those of models that know no system role carry its
text along in ``$system`` until a message of the user takes it up.
"""

from dataclasses import dataclass, field
from typing import Any

from pyollama.store.create.command_r import COMMAND_R

__all__ = ["NAMED", "Named"]


BEFORE_USER = "{{ $system }}\n\n"


@dataclass(frozen=True)
class Named:
    """A template layer and what goes into the params layer with it."""

    template: str
    parameters: dict[str, Any] = field(default_factory=dict)


def _named(template: str, *stop: str, **parameters: Any) -> Named:
    """A template with its stop strings."""
    return Named(template, {"stop": list(stop), **parameters})


def _by_role(system: str, user: str, assistant: str, other: str = "", text: str = "") -> str:
    """One piece for each message by its role, then the text that all of them have."""
    return (
        '{{ range .Messages }}{{ if eq .Role "system" }}'
        + system
        + '{{ else if eq .Role "user" }}'
        + user
        + '{{ else if eq .Role "assistant" }}'
        + assistant
        + (f"{{{{ else }}}}{other}" if other else "")
        + "{{ end }}"
        + text
        + "{{ end }}"
    )


def _carried(user: str, assistant: str, other: str = "", system: str = BEFORE_USER) -> str:
    """Messages by role; SYSTEM in the user's is where the system's text stands that came before."""
    user = user.replace("SYSTEM", "{{ if $system }}" + system + '{{ $system = "" }}{{ end }}')
    return '{{ $system := "" }}' + _by_role("{{ $system = .Content }}", user, assistant, other)


NAMED = {
    "alfred": _named(
        "{{ range .Messages }}<start_{{ .Role }}>{{ .Content }}<end_message>{{ end }}"
        "<start_assistant>",
        "<start_system>",
        "<end_message>",
        "<start_user>",
        "<start_assistant>",
    ),
    "alpaca": _named(
        _carried("SYSTEM### Instruction:\n{{ .Content }}\n\n", "### Response:\n{{ .Content }}\n\n")
        + "### Response:\n",
        "###Instruction:",
        "###Response",
    ),
    "chatml": _named(
        "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
        "<|im_start|>assistant\n",
        "<|im_start|>",
        "<|im_end|>",
    ),
    "chatqa": _named(
        _by_role("System:", "User:", "Assistant:", text=" {{ .Content }}\n\n") + "Assistant:",
        "System:",
        "User:",
        "Assistant:",
        "<|begin_of_text|>",
    ),
    "codellama-70b-instruct": _named(
        "{{ range .Messages }}Source:"
        '{{ if ne .Role "tool" }} {{ .Role }}{{ end }}'
        "\n\n {{ .Content }} <step> {{ end }}Source: assistant\nDestination: user\n\n ",
        "Source:",
        "Destination:",
        "<step>",
    ),
    "command-r": _named(COMMAND_R, "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    "falcon-instruct": _named(
        _by_role("System: ", "User:\n", "Falcon:\n", "\n", "{{ .Content }}\n") + "Falcon:\n",
        "User:",
        "Assistant:",
    ),
    "gemma-instruct": _named(
        _carried(
            "<start_of_turn>user\nSYSTEM{{ .Content }}<end_of_turn>\n",
            "<start_of_turn>model\n{{ .Content }}<end_of_turn>\n",
            "\n{{ .Content }}<end_of_turn>\n",
            system="{{ $system }}\n",
        )
        + "<start_of_turn>model\n",
        "<start_of_turn>",
        "<end_of_turn>",
    ),
    "gemma3-instruct": _named(
        '{{ range $i, $message := .Messages }}{{ if eq .Role "user" }}<start_of_turn>user\n'
        "{{ if and $.System (eq $i 1) }}{{ $.System }}\n\n{{ end }}{{ .Content }}<end_of_turn>\n"
        '{{ else if eq .Role "assistant" }}<start_of_turn>model\n{{ .Content }}<end_of_turn>\n'
        "{{ end }}{{ end }}<start_of_turn>model\n\n",
        "<end_of_turn>",
        temperature=0.1,
    ),
    "granite-instruct": _named(
        _by_role("System:\n", "Question:\n", "Answer:\n", "\n", "{{ .Content }}\n\n") + "Answer:\n",
        "System:",
        "Question:",
        "Answer:",
    ),
    "llama2-chat": _named(
        "[INST] "
        + _carried(
            "<<SYS>>SYSTEM<</SYS>>\n\n{{ .Content }} [/INST]",
            " {{ .Content }}</s><s>[INST] ",
            system="\n{{ $system }}\n",
        ),
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<</SYS>>",
    ),
    "llama3-instruct": _named(
        "{{ range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n"
        "{{ .Content }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
    ),
    "magicoder": _named(
        _carried(
            "SYSTEM@@ Instruction\n{{ .Content }}\n\n",
            "@@ Response\n{{ .Content }}\n\n",
            "\n{{ .Content }}\n\n",
        )
        + "@@ Response\n",
        "@@Instruction",
        "@@Response",
    ),
    "mistral-instruct": _named(
        "[INST] "
        + _by_role("{{ .Content }}\n\n", "{{ .Content }}[/INST]", " {{ .Content }}</s>[INST] "),
        "<|im_start|>",
        "<|im_end|>",
    ),
    "openchat": _named(
        _by_role(
            "GPT4 Correct System: ",
            "GPT4 Correct User: ",
            "GPT4 Correct Assistant: ",
            "GPT4 Correct ",
            "{{ .Content }}<|end_of_turn|>",
        )
        + "GPT4 Correct Assistant:",
        "<|end_of_turn|>",
    ),
    "phi-3": _named(
        "{{ range .Messages }}<|{{ .Role }}|>\n{{ .Content }}<|end|>\n{{ end }}<|assistant|>\n",
        "<|end|>",
        "<|system|>",
        "<|user|>",
        "<|assistant|>",
    ),
    "solar-instruct": _named(
        _by_role(
            "### System:\n{{ .Content }}\n\n",
            "### User:\n{{ .Content }}\n\n",
            "### Assistant:\n{{ .Content }}</s>\n\n",
            "\n{{ .Content }}\n\n",
        )
        + "### Assistant:\n",
        "###System:",
        "###User:",
        "###Assistant",
    ),
    "starcoder2-instruct": _named(
        _carried(
            "SYSTEM### Instruction\n{{ .Content }}\n\n",
            "### Response\n{{ .Content }}<|endoftext|>\n\n",
        )
        + "### Response\n",
        "###Instruction",
        "###Response",
        "<|endoftext|>",
    ),
    "vicuna": _named(
        _carried("SYSTEMUSER: {{ .Content }}\n", "ASSISTANT: {{ .Content }}</s>\n") + "ASSISTANT:",
        "USER:",
        "ASSISTANT:",
    ),
    "zephyr": _named(
        "{{ range .Messages }}<|{{ .Role }}|>\n{{ .Content }}</s>\n{{ end }}<|assistant|>\n",
        "<|system|>",
        "</s>",
        "<|user|>",
        "<|assistant|>",
    ),
}
