"""The command line's side of the HTTP API, on the standard library alone.

A command must answer within the time that a person does not notice, so nothing is imported here
that is not needed to send one request.
"""

import contextlib
import http.client
import json
from collections.abc import Generator, Iterator
from typing import IO, Any

from pyollama.cli.errors import ApiError, NoServer
from pyollama.cli.signing import signature, signs, stamped
from pyollama.settings import Host

__all__ = ["Client"]

CHUNK = 1 << 20  # bytes of an upload that are read and sent at once
MAX_LINE = 64 << 20  # bytes of one line of a stream


class Client:
    """One server; each request has a connection of its own.

    timeout is how many seconds one may be silent: without it, for ever, as while a model loads.
    """

    def __init__(self, host: Host, *, timeout: float | None = None) -> None:
        self.host = host.client
        self.signs = signs(host)
        self.timeout = timeout

    def is_up(self) -> bool:
        """Whether anybody answers."""
        try:
            with self._open("HEAD", "/"):
                return True
        except NoServer:
            return False

    def require(self) -> "Client":
        """The client itself; NoServer if nobody answers."""
        if not self.is_up():
            raise NoServer
        return self

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and decode the answer, None if it is empty; ApiError for an error."""
        with self._open(method, path, _encoded(body)) as response:
            data = response.read()
        return json.loads(data) if data else None

    def stream(self, path: str, body: Any) -> Generator[dict[str, Any], None, None]:
        """Send a POST request and give the lines of the answer as they come.

        ApiError, with the status before the text if the answer had one, for an error at the start
        or in the middle. Closing the iterator closes the connection, which cancels the request.
        """
        try:
            with self._open("POST", path, _encoded(body)) as response:
                while line := response.readline(MAX_LINE):
                    value = json.loads(line)
                    if value.get("error"):
                        raise ApiError(str(value["error"]))
                    yield value
        except ApiError as error:
            raise error.with_status() from None

    def has_blob(self, digest: str) -> bool:
        """Whether the server has a blob."""
        try:
            with self._open("HEAD", f"/api/blobs/{digest}"):
                return True
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return False
            raise

    def upload(self, digest: str, file: IO[bytes], size: int) -> Iterator[int]:
        """Send a blob; gives the number of bytes sent so far, again and again."""
        connection = self._connection()
        with contextlib.closing(connection), _errors():
            path, headers = self._signed("POST", f"/api/blobs/{digest}")
            connection.putrequest("POST", self.host.path + path)
            for name, value in (headers | {"Content-Length": str(size)}).items():
                connection.putheader(name, value)
            connection.endheaders()
            sent = 0
            while chunk := file.read(CHUNK):
                connection.send(chunk)
                sent += len(chunk)
                yield sent
            _checked(connection.getresponse()).read()

    def _connection(self) -> http.client.HTTPConnection:
        secure = self.host.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self.host.address, self.host.port, timeout=self.timeout)

    @contextlib.contextmanager
    def _open(
        self, method: str, path: str, body: bytes | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """An answer whose status is no error."""
        connection = self._connection()
        path, headers = self._signed(method, path)
        headers |= {"Accept": "application/json", "Content-Type": "application/json"}
        with contextlib.closing(connection), _errors():
            connection.request(method, self.host.path + path, body, headers)
            yield _checked(connection.getresponse())

    def _signed(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        """A path and the headers that tell who asks, where the server wants to know."""
        if not self.signs:
            return path, {}
        path = stamped(path)
        return path, {"Authorization": signature(method, path)}


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turn the ways in which a connection breaks into errors of the command line."""
    try:
        yield
    except ConnectionRefusedError as error:
        raise NoServer from error
    except (OSError, http.client.HTTPException) as error:
        raise ApiError(str(error) or type(error).__name__) from error
    except ValueError as error:
        raise ApiError(f"the server's answer is not JSON: {error}") from error


def _checked(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    """The answer, or ApiError with the text that the server gives for its status."""
    if response.status < http.client.BAD_REQUEST:
        return response
    data = response.read()
    try:
        text = json.loads(data)["error"]
    except (ValueError, LookupError, TypeError):
        text = data.decode("utf-8", "replace")
    raise ApiError(str(text) or response.reason, response.status, response.reason)


def _encoded(body: Any) -> bytes | None:
    return None if body is None else json.dumps(body).encode()
