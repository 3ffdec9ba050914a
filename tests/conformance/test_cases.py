"""The cases themselves are checked: their form, their schemas, the names that they use."""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pyollama_conformance.case import (
    Case,
    CaseError,
    definitions,
    fill,
    load_cases,
    load_json,
    parse,
)
from pyollama_conformance.checks import CHECKS
from pyollama_conformance.fixtures import ENDLESS, MODEL, fixtures
from pyollama_conformance.schema import KEYWORDS, SchemaError, problems

CASES = load_cases()
FIXTURES = fixtures()
TOPICS = {topic: list(cases) for topic, cases in groupby(CASES, lambda case: case.topic)}
SCHEMAS = ("each", "first", "last", "others", "whole")
FOLDER = Path(__file__).parents[2] / "conformance" / "pyollama_conformance" / "cases"


def body_schemas(case: Case) -> Iterator[dict[str, Any]]:
    for step in case.steps:
        yield from (step.response["body"],) if "body" in step.response else ()
        for check in ("lines", "events"):
            parts = step.response.get(check, {})
            yield from (parts[name] for name in SCHEMAS if name in parts)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_every_file_is_what_the_case_schema_says(path: Path) -> None:
    schema = load_json("case.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text("utf-8")))


def test_there_are_cases_for_every_part_of_the_interface() -> None:
    assert len(CASES) >= 30
    methods = {(s.request["method"], s.request["path"]) for case in CASES for s in case.steps}
    paths = {path for _, path in methods}
    assert paths >= {"/", "/api/version", "/api/tags", "/api/ps", "/api/show", "/api/create"}
    assert paths >= {"/api/generate", "/api/chat", "/api/delete", "/api/blobs/${note}"}


def test_descriptions_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_body_schema_is_a_schema_that_the_runner_understands(topic: str) -> None:
    shared = {"$defs": definitions()}
    for case in TOPICS[topic]:
        for schema in body_schemas(case):
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
                problems({}, schema, {**shared, **schema})
            except (SchemaError, jsonschema.SchemaError) as error:
                pytest.fail(f"{case.name}: {error}")


def test_definitions_use_known_keywords_only() -> None:
    for schema in definitions().values():
        try:
            problems({}, schema, {"$defs": definitions()})
        except SchemaError as error:
            pytest.fail(str(error))
    assert "$ref" in KEYWORDS


@pytest.mark.parametrize("topic", TOPICS)
def test_every_case_uses_known_fixtures_and_checks_something(topic: str) -> None:
    for case in TOPICS[topic]:
        for step in case.steps:
            fill([dict(step.request), dict(step.response)], FIXTURES.values)
            assert step.response.keys() <= CHECKS.keys(), case.name
            assert step.response, case.name
            assert step.request.get("file", "note.txt") in FIXTURES.files, case.name


@pytest.mark.parametrize("topic", TOPICS)
def test_a_case_that_uses_the_model_says_that_it_needs_it(topic: str) -> None:
    silent = [case.name for case in TOPICS[topic] if infers(case) and "model" not in case.needs]
    assert not silent


def infers(case: Case) -> bool:
    """Whether a request names a model of the suite that makes text."""
    bodies = (step.request.get("json") for step in case.steps)
    names = (str(body.get("model")) for body in bodies if isinstance(body, dict))
    return any(name.strip().lower().startswith((MODEL, ENDLESS)) for name in names)


def test_cases_touch_no_model_that_is_not_the_suites_own() -> None:
    for case in CASES:
        for step in case.steps:
            request = step.request
            if request["path"] in ("/api/delete", "/api/create") and "json" in request:
                value = request["json"]
                name = value.get("model") or value.get("name") or ""
                pulled = r"\$\{registry\}/conformance-suite/[a-zA-Z:]+"
                assert re.fullmatch(rf"(conformance-[a-zA-Z]+)?|a b|x|{pulled}", name)


def test_a_file_that_breaks_the_schema_is_refused() -> None:
    with pytest.raises(CaseError, match="'basis' is missing"):
        list(parse("broken", '[{"description": "no basis", "spec": "ollama docs/x", "steps": []}]'))


def test_placeholders_are_filled_in_strings_and_keys() -> None:
    assert fill({"${a}": ["<${a}>", 1]}, {"a": "b"}) == {"b": ["<b>", 1]}
