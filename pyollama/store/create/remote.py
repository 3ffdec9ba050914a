"""Stand-ins of models that run elsewhere: a config that says where, and no weights.

This server never calls another one; it keeps such models, lists them, and refuses to run them.
"""

import posixpath
import re
from urllib.parse import SplitResult, urlsplit

from pyollama.errors import BadRequest
from pyollama.store.create.assembly import Assembly
from pyollama.store.names import parse_name, split_source
from pyollama.store.types import CreateRequest

__all__ = ["from_remote", "is_remote", "remote_url"]

CLOUD = "https://ollama.com:443"
DEFAULT_PORT = 11434
HOST = re.compile(r"(\[[0-9A-Fa-f:.%a-z]*\]|[^\[\]\s:/<>\"\\^`{|}]*)(?::([0-9]*))?")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def is_remote(request: CreateRequest) -> bool:
    """Whether the request asks for a stand-in: it names a host, or a model of the cloud."""
    return bool(request.remote_host) or split_source(request.from_)[1] == "cloud"


def from_remote(new: Assembly) -> None:
    """Let the config name the model and its host; BadRequest for a host that is none."""
    text, source = split_source(new.request.from_)
    parse_name(text)
    host = new.request.remote_host
    new.config.remote_host = remote_url(host) if host else CLOUD
    new.config.remote_model = text if source == "cloud" else new.request.from_


def remote_url(text: str) -> str:
    """A host as a URL with a port: h is http://h:11434, /p is a path on this machine."""
    if text.startswith("/"):
        return f"http://localhost:{DEFAULT_PORT}{posixpath.normpath(text)}"
    if text in ("ollama.com", "http://ollama.com"):
        return CLOUD
    url = _split(text if "://" in text else f"http://{text}")
    address, port = _address_and_port(url.netloc)
    path = posixpath.normpath(url.path) if url.path.strip("/") else ""
    query = f"?{url.query}" if url.query else ""
    return f"{url.scheme}://{address}:{port}{path}{query}"


def _split(text: str) -> SplitResult:
    """The parts of a URL, or BadRequest where Go's parser would refuse it."""
    is_odd = any(character <= " " or character == "\x7f" for character in text)
    if is_odd or BAD_ESCAPE.search(text):
        raise BadRequest("bad remote")
    try:
        return urlsplit(text)
    except ValueError as error:
        raise BadRequest("bad remote") from error


def _address_and_port(netloc: str) -> tuple[str, str]:
    """Host and port with their defaults."""
    user, at, host = netloc.rpartition("@")
    match = HOST.fullmatch(host)
    if match is None:
        raise BadRequest("bad remote")
    return f"{user}{at}{match[1] or 'localhost'}", match[2] or str(DEFAULT_PORT)
