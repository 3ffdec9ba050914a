"""Bodies that come compressed by zstd, as Codex sends them.

Ollama takes a window of 8 MiB at most and 20 MiB of content. Both bounds hold while the body is
unpacked, not after it, so that a small bomb stays small.
"""

import asyncio
import io

from starlette.requests import Request

from pyollama.errors import BadRequest
from pyollama_http.memory import booking

__all__ = ["unpacked"]

MAX_WINDOW = 8 << 20  # bytes
MAX_CONTENT = 20 << 20  # bytes
MAGIC = bytes.fromhex("28b52ffd")
SKIPPABLE = range(0x184D2A50, 0x184D2A60)  # magic numbers of frames without content
TOO_LARGE = "http: request body too large"


async def unpacked(request: Request, body: bytes) -> bytes:
    """The body as it was before it was compressed; as it is, if it was not by zstd."""
    if request.headers.get("content-encoding") != "zstd" or not body:
        return body
    await booking(request).cover(MAX_CONTENT)
    return await asyncio.to_thread(_content, body)


def _content(body: bytes) -> bytes:
    """The content of all frames. BadRequest for what is no zstd, or too much."""
    import zstandard

    number = int.from_bytes(body[:4], "little")
    if not body.startswith(MAGIC) and number not in SKIPPABLE:
        raise BadRequest("invalid input: magic number mismatch")
    unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    reader = unpacker.stream_reader(io.BytesIO(body), read_across_frames=True)
    try:
        content = reader.read(MAX_CONTENT + 1)
    except zstandard.ZstdError as error:
        raise BadRequest(f"invalid input: {_reason(error)}") from error
    if len(content) > MAX_CONTENT:
        raise BadRequest(TOO_LARGE)
    return content


def _reason(error: Exception) -> str:
    """The reason within the library's words."""
    return str(error).rpartition(": ")[2]
