"""What a run found: a closing line for people, JSON and JUnit XML for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from xml.etree import ElementTree

from pyollama_conformance.runner import BAD, OUTCOMES, Result


@dataclass(frozen=True)
class Row:
    """One result as the JSON report writes it."""

    name: str
    outcome: str
    detail: str
    seconds: float
    spec: str
    basis: str


def closing_line(results: Sequence[Result]) -> str:
    """How many cases ended how, and how long they took."""
    counts = Counter(result.outcome for result in results)
    parts = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES]
    return f"{', '.join(parts)} in {sum(result.seconds for result in results):.2f} s"


def line(result: Result) -> str:
    """One result for a terminal."""
    detail = f"\n    {result.detail}" if result.detail else ""
    return f"{result.outcome:8} {result.case.name}{detail}"


def as_json(results: Sequence[Result], url: str) -> str:
    """The whole run as one JSON object."""
    counts = Counter(result.outcome for result in results)
    rows = [
        asdict(
            Row(r.case.name, r.outcome, r.detail, round(r.seconds, 4), r.case.spec, r.case.basis)
        )
        for r in results
    ]
    summary = {outcome: counts[outcome] for outcome in OUTCOMES}
    return json.dumps({"url": url, "summary": summary, "cases": rows}, indent=2, ensure_ascii=False)


def as_junit(results: Sequence[Result]) -> str:
    """The run in the XML form that build servers read; skip and disabled are both "skipped"."""
    counts = Counter(result.outcome for result in results)
    suite = ElementTree.Element(
        "testsuite",
        name="pyollama_conformance",
        tests=str(len(results)),
        failures=str(counts["fail"]),
        errors=str(counts["error"]),
        skipped=str(counts["skip"] + counts["disabled"]),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        suite.append(_testcase(result))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _testcase(result: Result) -> ElementTree.Element:
    case = result.case
    name, seconds = case.description, f"{result.seconds:.3f}"
    element = ElementTree.Element("testcase", classname=case.topic, name=name, time=seconds)
    if result.outcome != "pass":
        tag = {"fail": "failure", "error": "error"}.get(result.outcome, "skipped")
        ElementTree.SubElement(element, tag, message=_printable(result.detail))
    return element


def _printable(text: str) -> str:
    """XML cannot hold most control characters, and a server may send any."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def succeeded(results: Sequence[Result]) -> bool:
    """Whether no case failed or ended in an error, and at least one ran."""
    return bool(results) and not any(result.outcome in BAD for result in results)
