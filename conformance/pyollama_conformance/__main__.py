"""python -m pyollama_conformance URL: run the suite against a server; exit 0 if it conforms."""

import argparse
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from pyollama_conformance import report
from pyollama_conformance.case import Case, load_cases
from pyollama_conformance.client import Client
from pyollama_conformance.runner import BAD, Result, Runner

NEEDS = ["cloudless", "loopback", "model", "registry", "rerank", "tokenize"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run, print, write the reports; the process's exit status."""
    options = parser().parse_args(arguments)
    cases = [case for case in load_cases() if chosen(case, options.only, options.exclude)]
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    try:
        client = Client(options.url, options.timeout)
        known = known_failures(options.known_failures) if options.known_failures else {}
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    runner = Runner(client, known, frozenset(options.without))
    results = [show(result, options.verbose) for result in runner.run(cases)]
    print(report.closing_line(results))
    if options.json:
        options.json.write_text(report.as_json(results, options.url), "utf-8")
    if options.junit:
        options.junit.write_text(report.as_junit(results), "utf-8")
    return 0 if report.succeeded(results) else 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    this = argparse.ArgumentParser("python -m pyollama_conformance", description=__doc__)
    this.add_argument(
        "url", nargs="?", default="http://127.0.0.1:11434", help="default: %(default)s"
    )
    glob = "a glob over topic/description; may be given several times"
    this.add_argument(
        "--only", action="append", default=[], metavar="GLOB", help=f"run only: {glob}"
    )
    this.add_argument("--exclude", action="append", default=[], metavar="GLOB", help=f"not: {glob}")
    needs = "skip what needs this: no cloud; a server bound to loopback; inference; "
    needs += "a way to a registry on this machine; /v1/rerank; /api/tokenize"
    this.add_argument("--without", action="append", default=[], choices=NEEDS, help=needs)
    known = "names of cases that fail here, one a line, two spaces and '# reason' behind"
    this.add_argument("--known-failures", type=Path, metavar="FILE", help=known)
    this.add_argument("--json", type=Path, metavar="FILE", help="write a JSON report")
    this.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report")
    this.add_argument("--timeout", type=float, default=60.0, help="seconds per answer")
    this.add_argument("--list", action="store_true", help="print the names of the cases only")
    this.add_argument("-v", "--verbose", action="store_true", help="print every case")
    return this


def chosen(case: Case, only: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether the filters let a case through."""
    wanted = not only or any(fnmatchcase(case.name, glob) for glob in only)
    return wanted and not any(fnmatchcase(case.name, glob) for glob in exclude)


def known_failures(path: Path) -> dict[str, str]:
    """The names that a list of known failures holds, each with its reason."""
    known = {}
    for text in path.read_text("utf-8").splitlines():
        name, _, reason = text.partition("  # ")
        if name.strip() and not name.startswith("#"):
            known[name.strip()] = reason.strip() or "known failure"
    if unknown := known.keys() - {case.name for case in load_cases()}:
        raise ValueError(f"{path}: no such case: {', '.join(sorted(unknown))}")
    return known


def show(result: Result, verbose: bool) -> Result:
    """Print a result that is worth it."""
    if verbose or result.outcome in BAD:
        print(report.line(result), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
