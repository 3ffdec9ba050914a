"""Long lists, a page at a time: ``?n=`` says how many entries, ``?last=`` after which."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request

from pyollama_http.registry.errors import RegistryError

__all__ = ["page"]


def page(request: Request, entries: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The entries of a sorted list that are asked for, and the header that leads to the next ones.

    RegistryError for a number that is none.
    """
    number, last = request.query_params.get("n"), request.query_params.get("last", "")
    left = [entry for entry in entries if entry > last]
    if number is None:
        return left, {}
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise RegistryError("PAGINATION_NUMBER_INVALID")
    wanted = left[: int(number)]
    if not wanted or len(wanted) == len(left):
        return wanted, {}
    query = urlencode({"last": wanted[-1], "n": number})
    return wanted, {"link": f'<{request.url.path}?{query}>; rel="next"'}
