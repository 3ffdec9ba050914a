"""The runner against a server in memory: how a case can end, and what is written about it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from pyollama_conformance import __main__, report
from pyollama_conformance.case import Case, Step
from pyollama_conformance.checks import differences
from pyollama_conformance.client import Client, ProtocolError, Request, Response
from pyollama_conformance.runner import Result, Runner


def answer(body: str, status: int = 200, **headers: str) -> Response:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status, pairs, body.encode(), "content-length")


@dataclass
class Server:
    """Stands where a Client stands: gives the answers in order, the last one again and again."""

    answers: list[Response | Exception]
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, Exception):
            raise given
        return given


def a_case(response: Mapping[str, Any], **more: Any) -> Case:
    step = Step(
        {"method": "GET", "path": "/"},
        response,
        more.pop("within", 0.0),
        more.pop("at_once", 1),
    )
    return Case("topic", "a case", "ollama docs/x", "observed", (step,), **more)


def run(case: Case, *answers: Response | Exception, **more: Any) -> Result:
    runner = Runner(cast(Client, Server(list(answers))), **more)
    return next(runner.run([case]))


def test_a_case_passes_when_the_answer_is_as_wanted() -> None:
    assert run(a_case({"status": 200, "text": "hi"}), answer("hi")).outcome == "pass"


def test_a_case_fails_with_what_differs() -> None:
    result = run(a_case({"status": 404, "text": "hi"}), answer("ho"))
    assert result.outcome == "fail"
    assert result.detail == "step 1: status 200, not 404: ho; body 'ho', not 'hi'"


def test_a_server_that_breaks_http_is_an_error() -> None:
    assert run(a_case({"status": 200}), ProtocolError("closed")).outcome == "error"


def test_a_disabled_case_is_not_run() -> None:
    result = run(a_case({"status": 200}, disabled="not decided"), AssertionError("was run"))
    assert (result.outcome, result.detail) == ("disabled", "not decided")


def test_a_case_is_skipped_without_what_it_needs() -> None:
    case = a_case({"status": 200}, needs=("loopback",))
    assert run(case, AssertionError(), without=frozenset({"loopback"})).outcome == "skip"


@pytest.mark.parametrize(
    ("probed", "outcome"),
    [
        (answer('{"error":"model is required"}', 400), "pass"),
        (answer("404 page not found", 404), "skip"),
        (answer("", 405), "skip"),
        (answer('{"error":"not built yet"}', 501), "skip"),
        (answer("<html>", 200), "skip"),
        (ProtocolError("closed"), "pass"),
    ],
)
def test_a_server_without_a_proposed_endpoint_is_not_asked_for_it(
    probed: Response | Exception, outcome: str
) -> None:
    case = a_case({"text": "hi"}, needs=("tokenize",))
    assert run(case, probed, answer("hi")).outcome == outcome


def test_a_known_failure_that_fails_is_skipped_and_one_that_passes_is_an_error() -> None:
    known = {"topic/a case": "later"}
    assert run(a_case({"status": 404}), answer("x"), known=known).outcome == "skip"
    result = run(a_case({"status": 200}), answer("x"), known=known)
    assert (result.outcome, result.detail) == ("error", "passes, but is listed as a known failure")


def test_a_step_may_wait_until_the_answer_is_right() -> None:
    case = a_case({"text": "ready"}, within=5)
    assert run(case, answer("no"), answer("no"), answer("ready")).outcome == "pass"


def test_clients_that_ask_at_once_must_all_be_answered_as_wanted() -> None:
    case = a_case({"text": "ready"}, at_once=3)
    assert run(case, answer("ready")).outcome == "pass"
    result = run(case, answer("ready"), answer("no"), answer("ready"))
    assert (result.outcome, result.detail) == ("fail", "step 1: body 'no', not 'ready'")


def test_a_model_that_cannot_be_installed_is_an_error_of_the_cases_that_need_it() -> None:
    case = a_case({"status": 200}, needs=("model",))
    result = run(case, answer('{"models":[]}'), answer("full", 507))
    assert result.outcome == "error"
    assert "507: full" in result.detail


def test_the_model_is_installed_before_and_removed_after() -> None:
    listing = answer('{"models":[{"name":"conformance-chain:latest"},{"name":"mine:latest"}]}')
    server = Server([listing])
    runner = Runner(cast(Client, server))
    list(runner.run([a_case({"status": 200}, needs=("model",))]))
    deleted = [r.body for r in server.requests if r.method == "DELETE"]
    assert deleted == [b'{"model": "conformance-chain:latest"}'] * 2


CHECKED: list[tuple[dict[str, Any], Response]] = [
    ({"status": [200, 201]}, answer("", 404)),
    ({"content_type": "a/b"}, answer("", content_type="a/b; c")),
    ({"content_type": None}, answer("", content_type="a/b")),
    ({"headers": {"Allow": {"pattern": "^GET"}}}, answer("", allow="POST")),
    ({"framing": "chunked"}, answer("")),
    ({"contains": ["a", "z"]}, answer("abc")),
    ({"body": {"type": "object"}}, answer("[]")),
    ({"body": {}}, answer("not json")),
    ({"keys": ["a", "b"]}, answer('{"b":1,"a":2}')),
    ({"keys": ["a"]}, answer("")),
    ({"lines": {}}, answer('{"a":1}')),
    ({"lines": {"each": {"required": ["a"]}}}, answer('{"a":1}\n{}\n')),
    ({"lines": {"others": {"const": 1}}}, answer("2\n1\n")),
    ({"lines": {"first": {"const": 1}}}, answer("2\n1\n")),
    ({"lines": {"last": {"const": 2}}}, answer("2\n1\n")),
    ({"lines": {"joined": {"/m/c": "ab"}}}, answer('{"m":{"c":"a"}}\n{"m":{}}\n')),
    ({"lines": {}}, answer("1\n{\n")),
]


@pytest.mark.parametrize(("wanted", "response"), CHECKED)
def test_every_check_can_fail(wanted: dict[str, Any], response: Response) -> None:
    assert len(differences(response, wanted, {})) == 1


RIGHT: list[tuple[dict[str, Any], Response]] = [
    ({"status": [200, 404], "content_type": "a/b"}, answer("", 404, content_type="a/b")),
    ({"headers": {"Allow": "GET", "Vary": None}}, answer("", allow="GET")),
    ({"keys": ["a", "b"], "body": {"$ref": "#/$defs/x"}}, answer('{"a":1,"b":2}')),
    (
        {"lines": {"joined": {"/a": "xy"}, "last": {"const": {"a": "y"}}}},
        answer('{"a":"x"}\n{"a":"y"}\n'),
    ),
]


@pytest.mark.parametrize(("wanted", "response"), RIGHT)
def test_every_check_can_pass(wanted: dict[str, Any], response: Response) -> None:
    assert differences(response, wanted, {"x": {"type": "object"}}) == []


RESULTS = [
    Result(a_case({}), "pass", seconds=0.5),
    Result(a_case({}), "fail", "odd \x00 <byte>"),
    Result(a_case({}), "skip", "later"),
]


def test_the_closing_line_counts_every_outcome() -> None:
    assert report.closing_line(RESULTS) == "1 pass, 1 fail, 1 skip, 0 disabled, 0 error in 0.50 s"


def test_the_json_report_holds_every_case() -> None:
    value = json.loads(report.as_json(RESULTS, "http://x"))
    assert value["summary"] == {"pass": 1, "fail": 1, "skip": 1, "disabled": 0, "error": 0}
    assert [case["outcome"] for case in value["cases"]] == ["pass", "fail", "skip"]


def test_the_junit_report_is_xml_whatever_the_server_said() -> None:
    suite = ElementTree.fromstring(report.as_junit(RESULTS))
    assert suite.attrib["failures"] == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "odd \\x00 <byte>"


@pytest.mark.parametrize(("results", "good"), [(RESULTS[:1], True), (RESULTS, False), ([], False)])
def test_a_run_succeeds_if_something_ran_and_nothing_failed(
    results: list[Result], good: bool
) -> None:
    assert report.succeeded(results) is good


def test_the_list_can_be_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["--list", "--only", "root/*", "--exclude", "*HEAD*"]) == 0
    names = capsys.readouterr().out.splitlines()
    assert names
    assert all(name.startswith("root/") and "HEAD" not in name for name in names)


def test_the_command_writes_reports_and_its_exit_status_tells(tmp_path: Path) -> None:
    reports = [f"--json={tmp_path / 'r.json'}", f"--junit={tmp_path / 'r.xml'}"]
    assert __main__.main(["http://127.0.0.1:9", "--only", "root/*", *reports]) == 1
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["summary"]["error"] == 4
    assert ElementTree.parse(tmp_path / "r.xml").getroot().attrib["errors"] == "4"


def test_a_known_failure_that_no_case_has_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "known.txt"
    listed.write_text("# a list\nroot/no such case  # reason\n", "utf-8")
    assert __main__.main(["http://127.0.0.1:9", "--known-failures", str(listed)]) == 2


def test_a_list_of_known_failures_gives_reasons(tmp_path: Path) -> None:
    listed = tmp_path / "known.txt"
    listed.write_text("\nroot/HEAD of the version  # not yet\nrouting/an unknown path\n", "utf-8")
    known = __main__.known_failures(listed)
    assert known["root/HEAD of the version"] == "not yet"
    assert known["routing/an unknown path"] == "known failure"


def test_a_repeated_body_is_its_texts_so_many_times() -> None:
    parts = [{"text": "[", "times": 3}, {"text": "é]", "times": 2}]
    step = Step({"method": "POST", "path": "/", "repeated": parts}, {"status": 200})
    server = Server([answer("")])
    case = Case("topic", "a case", "ollama docs/x", "observed", (step,))
    assert next(Runner(cast(Client, server)).run([case])).outcome == "pass"
    assert server.requests[0].body == "[[[é]é]".encode()
