"""Model names: ``[host/][namespace/]model[:tag]``, their parts, defaults and display forms.

Names are read from the right, as Ollama reads them; a separator with nothing beside it makes the
name invalid. The alphabet of the parts keeps every valid name a safe relative path: no part is
empty, starts with a dot or holds a slash.
"""

import re
from dataclasses import dataclass

from pyollama.errors import BadRequest

__all__ = [
    "DEFAULT_HOST",
    "Name",
    "is_valid_part",
    "parse_name",
    "split_source",
    "unchecked_name",
]

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"
MISSING = "!MISSING!"  # stands where a separator promised a part; never valid

PARTS = {
    "host": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}", re.ASCII),
    "namespace": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}", re.ASCII),
    "model": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}", re.ASCII),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}", re.ASCII),
}


@dataclass(frozen=True, order=True)
class Name:
    """A model name with all four parts, which `parse_name` has found valid."""

    host: str
    namespace: str
    model: str
    tag: str

    @property
    def full(self) -> str:
        """host/namespace/model:tag."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def short(self) -> str:
        """Without the default host, and then without the default namespace."""
        own = f"{self.model}:{self.tag}"
        if self.host.lower() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{own}"
        if self.namespace.lower() != DEFAULT_NAMESPACE:
            return f"{self.namespace}/{own}"
        return own

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """The parts in the order of the path of the manifest."""
        return self.host, self.namespace, self.model, self.tag

    def __str__(self) -> str:
        return self.short


def is_valid_part(kind: str, text: str) -> bool:
    """Whether the text can be a name's host, namespace, model or tag."""
    return PARTS[kind].fullmatch(text) is not None


def parse_name(text: str) -> Name:
    """The parts of a name, defaults filled in; BadRequest "invalid model name"."""
    name = unchecked_name(text)
    if not all(is_valid_part(kind, getattr(name, kind)) for kind in PARTS):
        raise BadRequest("invalid model name")
    return name


def unchecked_name(text: str) -> Name:
    """The parts of a text that may be no name at all, for messages about it."""
    rest, tag = _cut_tag(text)
    namespace, host = DEFAULT_NAMESPACE, DEFAULT_HOST
    rest, model = _cut(rest, "/") if "/" in rest else ("", rest)
    if rest:
        rest, namespace = _cut(rest, "/") if "/" in rest else ("", rest)
    if rest:
        host = rest.partition("://")[2] if "://" in rest else rest
    return Name(host=host, namespace=namespace, model=model, tag=tag)


def _cut_tag(text: str) -> tuple[str, str]:
    """Split off what follows the last colon, if that colon lies after the last slash."""
    if text.rfind(":") > text.rfind("/"):
        return _cut(text, ":")
    return text, DEFAULT_TAG


def _cut(text: str, separator: str) -> tuple[str, str]:
    """Both sides of the last separator; an empty side becomes MISSING."""
    before, _, after = text.rpartition(separator)
    return before or MISSING, after or MISSING


def split_source(text: str) -> tuple[str, str | None]:
    """Take the source suffix off a requested name: ("m", "local"), ("m:8b", "cloud"), ("m", None).

    A ``:local`` or ``:cloud`` at the end, in any case, is cut off; a tag that ends in
    ``-cloud`` loses that ending. BadRequest if the rest has such a suffix again.
    """
    trimmed = text.strip()
    rest, source = _cut_source(trimmed)
    if source is not None and _cut_source(rest)[1] is not None:
        raise BadRequest(f'use either :local or :cloud, not both: "{trimmed}"')
    return rest, source


def _cut_source(text: str) -> tuple[str, str | None]:
    """One suffix, if there is one."""
    before, colon, last = text.rpartition(":")
    word = last.strip().lower()
    if colon and word in ("local", "cloud"):
        return before, word
    if colon and "/" not in last and word.endswith("-cloud"):
        return text[: -len("-cloud")], "cloud"
    return text, None
