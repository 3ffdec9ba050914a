"""Images inside requests: data URIs and base64."""

from pyollama_http.gojson.b64 import decode_base64
from pyollama_http.translating import Untranslatable

__all__ = ["image_of"]

PREFIXES = (
    "data:;base64,",
    *(f"data:image/{kind};base64," for kind in ("jpeg", "jpg", "png", "webp")),
)
REMOTE = "image URLs are not currently supported, please use base64 encoded data instead"
INVALID = "invalid image input"


def image_of(url: str) -> bytes:
    """The bytes in a data URI. Untranslatable for what points elsewhere, or is none."""
    if url.startswith(("http://", "https://")):
        raise Untranslatable(REMOTE)
    prefix = next((prefix for prefix in PREFIXES if url.startswith(prefix)), None)
    if prefix is None:
        raise Untranslatable(INVALID)
    try:
        return decode_base64(url.removeprefix(prefix))
    except ValueError as error:
        raise Untranslatable(INVALID) from error
