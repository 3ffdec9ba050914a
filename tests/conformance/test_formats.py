"""The chat templates of the suite's models, and what they make of a conversation."""

import pytest
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pyollama_conformance.fixtures import fixtures
from pyollama_conformance.formats import CHATML, FORMATS

TALK = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "speaks_helpers"])
def test_every_template_is_one(name: str) -> None:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    template = environment.from_string(FORMATS[name])
    tokens = {"bos_token": "<s>", "eos_token": "</s>"}
    assert "hi" in template.render(messages=TALK, add_generation_prompt=True, **tokens)


def test_the_comments_are_shorter_and_longer_than_the_bound() -> None:
    assert len(FORMATS["speaks_nearly"]) - len(CHATML) < 100
    assert len(FORMATS["speaks_otherwise"]) - len(CHATML) > 100


def test_each_has_a_model() -> None:
    assert {f"{name}.gguf" for name in FORMATS} < set(fixtures().files)
