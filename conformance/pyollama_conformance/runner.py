"""Runs cases against a server, one after the other, and says how each ended.

pass      every step was answered as wanted
fail      a step was not
skip      needs what this run is without, or fails and is listed as a known failure
disabled  the case itself says that it is not to be run, and why
error     the server broke HTTP or could not be prepared; or a known failure passes
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from pyollama_conformance import fixtures
from pyollama_conformance.case import Case, Step, definitions, fill
from pyollama_conformance.checks import differences
from pyollama_conformance.client import Client, ProtocolError, Request
from pyollama_conformance.fixtures import Fixtures
from pyollama_conformance.registry import served
from pyollama_conformance.schema import Schema

OUTCOMES = ("pass", "fail", "skip", "disabled", "error")
BAD = {"fail", "error"}
PAUSE = 0.05  # seconds between two questions of a step that may wait


@dataclass(frozen=True)
class Result:
    """How a case ended, why, and in how many seconds."""

    case: Case
    outcome: str
    detail: str = ""
    seconds: float = 0.0


@dataclass
class Runner:
    """What a run needs: the server, known failures with their reasons, what it is without."""

    client: Client
    known: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    prepared: Fixtures = field(default_factory=fixtures.fixtures)
    definitions: Schema = field(default_factory=definitions)
    registry: Client | None = None

    def run(self, cases: Iterable[Case]) -> Iterator[Result]:
        """The result of each case in turn; the suite's models are removed before and after."""
        chosen = list(cases)
        self._probe(chosen)
        inference, registry = (self._needs(need, chosen) for need in ("model", "registry"))
        broken = self._prepare() if inference else ""
        with self._served() if registry else nullcontext():
            for case in chosen:
                yield self._judge(case, broken)
        if (inference or registry) and not broken:
            fixtures.remove(self.client)

    def _needs(self, need: str, chosen: Iterable[Case]) -> bool:
        return need not in self.without and any(need in case.needs for case in chosen)

    @contextmanager
    def _served(self) -> Iterator[None]:
        """Serve the suite's registry, of which the cases know by ${registry}."""
        with served(self.prepared.repositories) as netloc:
            self.prepared.values["registry"] = netloc
            self.registry = Client(f"http://{netloc}", self.client.timeout)
            yield

    def _probe(self, chosen: Iterable[Case]) -> None:
        """Leave out what needs a server without a cloud, or with endpoints that this one lacks."""
        wanted = {need for case in chosen for need in case.needs}
        for need in wanted & fixtures.PROBES.keys():
            try:
                found = fixtures.PROBES[need](self.client)
            except (ProtocolError, ValueError):
                continue  # the cases themselves will tell what is wrong
            if not found:
                self.without |= {need}

    def _prepare(self) -> str:
        """Install the suite's model; why that failed, or nothing."""
        try:
            fixtures.remove(self.client)
            fixtures.install(self.client, self.prepared)
        except (ProtocolError, fixtures.SetupError, ValueError) as error:
            return f"the suite's model cannot be installed: {error}"
        return ""

    def _judge(self, case: Case, broken: str) -> Result:
        if case.disabled:
            return Result(case, "disabled", case.disabled)
        if missing := self.without.intersection(case.needs):
            return Result(case, "skip", "without " + ", ".join(sorted(missing)))
        if broken and "model" in case.needs:
            return Result(case, "error", broken)
        started = time.monotonic()
        result = replace(self._run(case), seconds=time.monotonic() - started)
        if case.name not in self.known:
            return result
        if result.outcome == "pass":
            return replace(
                result, outcome="error", detail="passes, but is listed as a known failure"
            )
        return replace(result, outcome="skip", detail=f"{self.known[case.name]} ({result.detail})")

    def _run(self, case: Case) -> Result:
        try:
            for number, step in enumerate(case.steps, 1):
                if wrong := self._step(step):
                    return Result(case, "fail", f"step {number}: " + "; ".join(wrong))
        except ProtocolError as error:
            return Result(case, "error", str(error))
        return Result(case, "pass")

    def _step(self, step: Step) -> list[str]:
        """What is wrong with the answer; asked again while the step may wait."""
        request = self._request(fill(dict(step.request), self.prepared.values))
        wanted = fill(dict(step.response), self.prepared.values)
        deadline = time.monotonic() + step.within
        at = self.registry if step.request.get("at") == "registry" else self.client
        while True:
            wrong = self._differences(at or self.client, request, wanted, step.at_once)
            if not wrong or time.monotonic() >= deadline:
                return wrong
            time.sleep(PAUSE)

    def _differences(
        self, at: Client, request: Request, wanted: Mapping[str, Any], at_once: int
    ) -> list[str]:
        """What is wrong with the answers of so many clients that ask together."""
        with ThreadPoolExecutor(at_once) as clients:
            answers = list(clients.map(at.send, [request] * at_once))
        found = [differences(answer, wanted, self.definitions) for answer in answers]
        return list(dict.fromkeys(wrong for each in found for wrong in each))

    def _request(self, row: dict[str, Any]) -> Request:
        headers, chunked = row.get("headers", {}), row.get("chunked", False)
        leave_after = row.get("leave_after")
        return Request(row["method"], row["path"], headers, self._body(row), chunked, leave_after)

    def _body(self, row: dict[str, Any]) -> bytes | None:
        if "json" in row:
            return json.dumps(row["json"]).encode()
        if "text" in row:
            return str(row["text"]).encode()
        if "hex" in row:
            return bytes.fromhex(row["hex"])
        if "repeated" in row:
            return b"".join(part["text"].encode() * part["times"] for part in row["repeated"])
        return self.prepared.files[row["file"]] if "file" in row else None
