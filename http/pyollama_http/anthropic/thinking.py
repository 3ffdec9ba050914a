"""Whether a model shall think, as Anthropic's requests say it; who cannot is not asked to."""

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace
from starlette.requests import Request

from pyollama.api import ChatRequest
from pyollama.errors import PyollamaError
from pyollama.store.names import parse_name, split_source
from pyollama_http.anthropic.types import MessagesRequest
from pyollama_http.parts import parts

if TYPE_CHECKING:
    from pyollama.store import Store

__all__ = ["think_of", "without_vain_thinking"]

SWITCHES = {"enabled": True, "disabled": False}
EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "max"}


def think_of(call: MessagesRequest) -> bool | str | None:
    """The think of a native request: the switch if it is set, else the effort if there is one."""
    switch = call.thinking.type if call.thinking else ""
    if switch in SWITCHES:
        return SWITCHES[switch]
    effort = call.output_config.effort if call.output_config else ""
    return EFFORTS.get(effort.strip().lower())


async def without_vain_thinking(request: Request, native: ChatRequest) -> ChatRequest:
    """The request, not asking for thoughts if the model has none; /api/chat would refuse it."""
    if not native.think:
        return native
    store = await parts(request).store()
    if await asyncio.to_thread(_can_think, store, native.model):
        return native
    return replace(native, think=None)


def _can_think(store: "Store", raw_name: str) -> bool:
    """Whether the model that is named thinks; not if there is none, which others will say."""
    try:
        name, _ = split_source(raw_name)
        return "thinking" in store.find(parse_name(name)).capabilities()
    except PyollamaError:
        return False
