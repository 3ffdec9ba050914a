"""Requests that a program sends one after the other, and what must hold of their answers.

``tests/clients/sequences/*.json``, one file for each program:

    client, source  who sends this, and where that can be read
    headers         what stands in the head of every request
    parts           JSON values that stand wherever a string is ``"${name}"`` and nothing else
    definitions     JSON Schemas that answers are described with, as ``#/$defs/name``
    steps           each with what it is about, a request, a response, and perhaps what to keep

A request is that of a conformance case; its ``headers`` and its ``json`` may be lists of objects,
of which the later ones win. ``"encoding": "zstd"`` compresses the body. A response is what
``pyollama_conformance.checks`` judges, or a list of such, each of which must hold. ``keep`` gives a
name to what the group of a pattern finds first in the answer: ``${name}`` in what is sent later.
"""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import zstandard

from pyollama_conformance.checks import differences
from pyollama_conformance.client import Response

__all__ = ["FOLDER", "Player", "load"]

FOLDER = Path(__file__).resolve().parents[1] / "clients" / "sequences"
NAME = re.compile(r"\$\{([a-z_]+)\}")


def load(path: Path) -> Any:
    """A file of requests."""
    return json.loads(path.read_text("utf-8"))


def merged(objects: Any) -> dict[str, Any]:
    """One object, or several of which the later ones win."""
    listed = objects if isinstance(objects, list) else [objects]
    return {key: value for each in listed for key, value in each.items()}


@dataclass
class Player:
    """Sends the requests of a program over one connection, which is kept as long as it can be."""

    url: str
    sequence: Mapping[str, Any]
    kept: dict[str, str] = field(default_factory=dict)

    def play(self) -> Iterator[tuple[str, list[str]]]:
        """What each step is about, and in what its answer is not as it must be."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        try:
            for step in self.sequence["steps"]:
                response = self._exchange(connection, step["request"])
                yield step["about"], self._problems(response, step["response"])
                self._keep(response, step.get("keep", {}))
        finally:
            connection.close()

    def _exchange(self, connection: http.client.HTTPConnection, row: Mapping[str, Any]) -> Response:
        """One request with exactly the headers that are written down, and its answer."""
        headers = {**self.sequence["headers"], **merged(self._filled(row.get("headers", {})))}
        body = json.dumps(merged(self._filled(row["json"]))).encode() if "json" in row else None
        if body is not None and row.get("encoding") == "zstd":
            body = zstandard.compress(body)
            headers["Content-Encoding"] = "zstd"
        connection.putrequest(row["method"], row["path"], skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return _response(connection.getresponse())

    def _filled(self, value: Any) -> Any:
        """The same value, with parts and kept texts where their names stand."""
        if isinstance(value, str):
            whole = NAME.fullmatch(value)
            if whole and whole[1] in self.sequence["parts"]:
                return self._filled(self.sequence["parts"][whole[1]])
            return NAME.sub(lambda match: self.kept[match[1]], value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value

    def _problems(self, response: Response, wanted: Any) -> list[str]:
        listed = wanted if isinstance(wanted, list) else [wanted]
        definitions = self.sequence["definitions"]
        return [wrong for each in listed for wrong in differences(response, each, definitions)]

    def _keep(self, response: Response, patterns: Mapping[str, str]) -> None:
        """Remember what is sent again. AssertionError if it is not in the answer."""
        text = response.body.decode()
        for name, pattern in patterns.items():
            found = re.search(pattern, text)
            assert found, f"no {name} in {text[:500]}"
            self.kept[name] = found[1]


def _response(answer: http.client.HTTPResponse) -> Response:
    """The answer in the form that is judged."""
    headers = [(name.lower(), value) for name, value in answer.getheaders()]
    names = {name for name, _ in headers}
    framing = "content-length" if "content-length" in names else "none"
    framing = "chunked" if "transfer-encoding" in names else framing
    return Response(answer.status, headers, answer.read(), framing)
