"""The cases themselves are checked: their form, their schemas, the names that they use."""

import json
import re
from collections.abc import Iterator
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
FOLDER = Path(__file__).parents[2] / "conformance" / "pyollama_conformance" / "cases"


def body_schemas(case: Case) -> Iterator[dict[str, Any]]:
    for step in case.steps:
        lines = step.response.get("lines", {})
        yield from (step.response["body"],) if "body" in step.response else ()
        yield from (lines[part] for part in lines if part not in ("joined", "statuses", "progress"))


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_body_schema_is_a_schema_that_the_runner_understands(case: Case) -> None:
    for schema in body_schemas(case):
        whole = {"$defs": definitions(), **schema}
        jsonschema.Draft202012Validator.check_schema(whole)
        problems({}, schema, whole)  # raises SchemaError for what it does not know


def test_definitions_use_known_keywords_only() -> None:
    for schema in definitions().values():
        try:
            problems({}, schema, {"$defs": definitions()})
        except SchemaError as error:
            pytest.fail(str(error))
    assert "$ref" in KEYWORDS


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_uses_known_fixtures_and_checks_something(case: Case) -> None:
    for step in case.steps:
        fill([dict(step.request), dict(step.response)], FIXTURES.values)
        assert step.response.keys() <= CHECKS.keys()
        assert step.response
        assert step.request.get("file", "note.txt") in FIXTURES.files


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_that_uses_the_model_says_that_it_needs_it(case: Case) -> None:
    inference = any(
        s.request.get("json", {}).get("model", "").strip().lower().startswith((MODEL, ENDLESS))
        for s in case.steps
        if isinstance(s.request.get("json"), dict)
        and isinstance(s.request["json"].get("model"), str)
    )
    assert not inference or "model" in case.needs


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
