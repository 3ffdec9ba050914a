"""What the OLLAMA_* variables of the environment say, read once into one frozen object.

The rules are Ollama's: values lose surrounding blanks and then quotes; a boolean is one of Go's
forms, and any other text counts as true; a number, duration or port that cannot be read gives the
default and a warning. Durations are nanoseconds. Nothing heavy is imported here: the command line
reads it before every request.
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, cast

from pyollama.durations import FOREVER, parse_duration

__all__ = ["DEFAULT_PORT", "Host", "KVCacheType", "Settings", "warn_of_unheeded"]

DEFAULT_PORT = 11434
PORTS = {"http": 80, "https": 443}
FIVE_MINUTES = 5 * 60 * 1_000_000_000
MAX_CONFIG = 1 << 20  # bytes of server.json that are read
KVCacheType = Literal["f16", "q8_0", "q4_0"]
KV_CACHE_TYPES = ("f16", "q8_0", "q4_0")  # the default first
UNHEEDED = {
    "OLLAMA_FLASH_ATTENTION": "there is one kind of attention",
    "OLLAMA_GPU_OVERHEAD": "models run on the processor",
    "OLLAMA_SCHED_SPREAD": "models run on the processor",
    "OLLAMA_LLM_LIBRARY": "models run on the processor",
    "OLLAMA_VULKAN": "models run on the processor",
    "OLLAMA_IGPU_ENABLE": "models run on the processor",
    "OLLAMA_REMOTES": "there are no remote models",
    "OLLAMA_MAX_TRANSFER_STREAMS": "there are no transfers of tensors",
}
"""Ollama's variables that change nothing here, with the reason."""

FALSE = {"0", "f", "F", "FALSE", "false", "False"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Host:
    """OLLAMA_HOST: where the server listens and where the command line looks for it."""

    scheme: str = "http"
    address: str = "127.0.0.1"  # "" listens on every interface
    port: int = DEFAULT_PORT
    path: str = ""

    @property
    def netloc(self) -> str:
        """address:port as it stands in a URL or in Go's messages, IPv6 in brackets."""
        return (
            f"[{self.address}]:{self.port}"
            if ":" in self.address
            else f"{self.address}:{self.port}"
        )

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ip_address(self.address).is_loopback
        except ValueError:
            return self.address.lower() == "localhost"

    @property
    def client(self) -> "Host":
        """The same host as a client reaches it: an unspecified address becomes loopback."""
        loopback = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address)
        if loopback is None:
            return self
        return Host(self.scheme, loopback, self.port, self.path)

    @classmethod
    def parse(cls, text: str) -> "Host":
        """``[scheme://]host[:port][/path]``; what is missing takes its default."""
        scheme, separator, rest = text.strip().strip("\"'").strip().partition("://")
        if not separator:
            scheme, rest = "http", scheme
        default = PORTS.get(scheme, DEFAULT_PORT) if separator else DEFAULT_PORT
        netloc, slash, path = rest.partition("/")
        address, port = _address_and_port(netloc, default)
        return cls(scheme, address, port, (slash + path).rstrip("/"))


def _address_and_port(netloc: str, default: int) -> tuple[str, int]:
    """Cut host and port apart; IPv6 addresses come with or without brackets."""
    if not netloc:
        return "127.0.0.1", default
    if re.fullmatch(r"\[[^\]]*\]|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*", netloc):
        return netloc.strip("[]"), default
    address, separator, port = netloc.rpartition(":")
    if not separator:
        return netloc, default
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= 65535):
        if port:
            logger.warning("invalid port %r in OLLAMA_HOST, using %d", port, default)
        return address.strip("[]"), default
    return address.strip("[]"), int(port[:6])


@dataclass(frozen=True)
class Settings:
    """Every variable that pyollama heeds, with Ollama's default."""

    host: Host = field(default_factory=Host)
    host_is_set: bool = False  # whether OLLAMA_HOST says anything at all
    models: Path = field(default_factory=lambda: Path.home() / ".ollama" / "models")
    keep_alive: int = FIVE_MINUTES  # nanoseconds; FOREVER for a negative value
    load_timeout: int = FIVE_MINUTES  # nanoseconds without progress; FOREVER for no limit
    max_loaded_models: int = 0  # 0: three
    num_parallel: int = 1
    max_queue: int = 512
    context_length: int = 0  # 0: chosen by the scheduler
    kv_cache_type: KVCacheType = "f16"  # how keys and values are kept
    origins: tuple[str, ...] = ()
    no_prune: bool = False  # OLLAMA_NOPRUNE: delete no blob that is not asked for by name
    prune: bool = False  # OLLAMA_NOPRUNE says no: at the start, delete all that no model uses
    no_history: bool = False
    cloud_switch: str = "env"  # what switches the cloud off: env, config or both
    go_template: bool | None = None  # whether template layers render; None: the abler template
    debug_log_requests: bool = False  # write the bodies of inference requests to files
    debug: int = 0  # 1: debug, 2: trace
    strict_context: bool = False  # PYOLLAMA_STRICT_CONTEXT: refuse prompts that would be cut
    strict_parity: bool = False  # PYOLLAMA_PARITY=strict: Ollama's own flaws, nothing beyond it
    allow_registries: tuple[str, ...] | None = None  # PYOLLAMA_ALLOW_REGISTRIES; None: all
    serve_registry: bool = False  # PYOLLAMA_SERVE_REGISTRY: let others fetch models below /v2/

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables; nothing that they can contain is an error."""
        read = Variables(environ)
        return cls(
            host=Host.parse(read.text("OLLAMA_HOST")),
            host_is_set=bool(read.text("OLLAMA_HOST")),
            models=Path(read.text("OLLAMA_MODELS") or _home(environ) / ".ollama" / "models"),
            keep_alive=read.duration("OLLAMA_KEEP_ALIVE", zero_is_forever=False),
            load_timeout=read.duration("OLLAMA_LOAD_TIMEOUT", zero_is_forever=True),
            max_loaded_models=read.unsigned("OLLAMA_MAX_LOADED_MODELS", 0),
            num_parallel=read.unsigned("OLLAMA_NUM_PARALLEL", 1),
            max_queue=read.unsigned("OLLAMA_MAX_QUEUE", 512),
            context_length=read.unsigned("OLLAMA_CONTEXT_LENGTH", 0),
            kv_cache_type=cast(KVCacheType, read.one_of("OLLAMA_KV_CACHE_TYPE", KV_CACHE_TYPES)),
            origins=tuple(part for part in read.text("OLLAMA_ORIGINS").split(",") if part),
            no_prune=read.boolean("OLLAMA_NOPRUNE"),
            prune=read.text("OLLAMA_NOPRUNE") in FALSE,
            no_history=read.boolean("OLLAMA_NOHISTORY"),
            cloud_switch=_cloud_switch(read.boolean("OLLAMA_NO_CLOUD"), _home(environ)),
            go_template=read.choice("OLLAMA_GO_TEMPLATE"),
            debug_log_requests=read.boolean("OLLAMA_DEBUG_LOG_REQUESTS"),
            debug=read.level("OLLAMA_DEBUG"),
            strict_context=read.boolean("PYOLLAMA_STRICT_CONTEXT"),
            strict_parity=read.text("PYOLLAMA_PARITY") == "strict",
            allow_registries=read.listed("PYOLLAMA_ALLOW_REGISTRIES"),
            serve_registry=read.boolean("PYOLLAMA_SERVE_REGISTRY"),
        )


def warn_of_unheeded(environ: Mapping[str, str] = os.environ) -> None:
    """Say in the log which variables are set and change nothing."""
    read = Variables(environ)
    for name, reason in UNHEEDED.items():
        if read.text(name):
            logger.warning("%s has no effect: %s", name, reason)


def _home(environ: Mapping[str, str]) -> Path:
    """The home folder: HOME where it is set, as in Go, else what the system says."""
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _cloud_switch(by_environment: bool, home: Path) -> str:
    """What switches Ollama's cloud off: OLLAMA_NO_CLOUD, ~/.ollama/server.json, or both.

    "env" also if nothing does: this server has no cloud that could be on.
    """
    try:
        with (home / ".ollama" / "server.json").open("rb") as file:
            found = json.loads(file.read(MAX_CONFIG))
    except (OSError, ValueError, RecursionError):
        found = None
    by_file = isinstance(found, dict) and found.get("disable_ollama_cloud") is True
    if not by_file:
        return "env"
    return "both" if by_environment else "config"


@dataclass(frozen=True)
class Variables:
    """Typed access to the variables of one environment."""

    environ: Mapping[str, str]

    def text(self, name: str) -> str:
        """The value without surrounding blanks and quotes; "" when unset."""
        return self.environ.get(name, "").strip().strip("\"'")

    def listed(self, name: str) -> tuple[str, ...] | None:
        """What stands between commas; None where it is unset."""
        parts = (part.strip() for part in self.text(name).split(","))
        return tuple(part for part in parts if part) if self.text(name) else None

    def boolean(self, name: str) -> bool:
        """Go's forms; unset is false, and any other text is true."""
        value = self.text(name)
        return bool(value) and value not in FALSE

    def choice(self, name: str) -> bool | None:
        """As boolean, but None where it is unset."""
        return self.boolean(name) if self.text(name) else None

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """One of a few words in any case; another one gives the first, with a warning."""
        value = self.text(name)
        if value.lower() in choices:
            return value.lower()
        if value:
            logger.warning("invalid value %r for %s, using %s", value, name, choices[0])
        return choices[0]

    def level(self, name: str) -> int:
        """A debug level: a number, or a boolean."""
        value = self.text(name)
        if value.isascii() and value.isdigit():
            return min(int(value[:9]), 2)
        return int(self.boolean(name))

    def unsigned(self, name: str, default: int) -> int:
        """A decimal number, or the default with a warning."""
        value = self.text(name)
        if not value:
            return default
        if value.isascii() and value.isdigit() and len(value) < 20 and int(value) < 2**63:
            return int(value)
        logger.warning("invalid value %r for %s, using %d", value, name, default)
        return default

    def duration(self, name: str, *, zero_is_forever: bool) -> int:
        """A duration or whole seconds, five minutes when unset or bad; negative is FOREVER."""
        value = self.text(name)
        nanoseconds = _duration(value) if value else FIVE_MINUTES
        if nanoseconds is None:
            logger.warning("invalid value %r for %s, using 5m", value, name)
            return FIVE_MINUTES
        if nanoseconds < 0 or (nanoseconds == 0 and zero_is_forever):
            return FOREVER
        return min(nanoseconds, FOREVER)


def _duration(value: str) -> int | None:
    """The nanoseconds of a Go duration or of whole seconds; None for other text."""
    if re.fullmatch(r"[+-]?[0-9]{1,19}", value):
        return int(value) * 1_000_000_000
    try:
        return parse_duration(value)
    except ValueError:
        return None
