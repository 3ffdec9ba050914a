"""Chat templates that are recognised: a model that speaks ChatML gets Ollama's template for it.

A GGUF brings its chat template in Jinja. Ollama knows the texts that many models have published,
and gives a model with one of them a template layer of its own, and the stop strings that go with
it. The texts are known here by their lengths and hashes. One that offers tools or thinking, which
the layer does not, is left to speak for itself, and so is every text that is not in the list.
"""

import hashlib
from collections.abc import Sequence

from pyollama.store.create.assembly import Assembly, Part
from pyollama.store.templates import offers_of_jinja

__all__ = ["add_known_templates", "is_chatml"]

# Code points of a text, and the first digits of its SHA-256.
CHATML = {
    (196, "153280e3"),
    (209, "a805e50f"),
    (291, "58c1a1f0"),
    (306, "f42d04ff"),
    (327, "af9c0233"),
    (328, "79320228"),
    (358, "3ce2fe97"),
    (441, "91aa728a"),
    (450, "e6f6e5c1"),
    (629, "f02c5341"),
    (1842, "faf1f8b6"),
}
TEMPLATE = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n"
)
STOP = ["<|im_start|>", "<|im_end|>"]


def add_known_templates(new: Assembly, parts: Sequence[Part]) -> None:
    """Add a template layer for each of these files that has a known chat template."""
    for part in parts:
        if part.facts is not None and is_chatml(part.facts.chat_template):
            status = "using autodetected template chatml"
            new.parts.append(new.add_blob("template", TEMPLATE.encode(), status))
            new.parameters.setdefault("stop", STOP)


def is_chatml(text: str) -> bool:
    """Whether a text is one of the known ones, and offers nothing that a template layer lacks."""
    digits = hashlib.sha256(text.encode()).hexdigest()[:8]
    return (len(text), digits) in CHATML and not offers_of_jinja(text)
