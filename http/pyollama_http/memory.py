"""The memory that bodies of JSON may take, all requests together.

A body of JSON takes several times its size. It is gathered in pieces and then made one. Text that
is read becomes str, whose characters have four bytes each if one of them is rare enough, and the
strings in it are copies. And every value becomes an object. So a long body books what it can take
at most before it is read, keeps booked what its request keeps once it is decoded, and the rest is
free for others; at the end of the request all of it is, whatever the end was.

A body that does not fit waits a little for others to end. Uploads of blobs are streamed, and short
bodies are not worth counting: neither books anything.
"""

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from pyollama.errors import ServerBusy
from pyollama.machine import total_memory
from pyollama_http.errors import BodyTooLarge

__all__ = ["FREE", "MAX_VALUES", "Booking", "Budget", "Counted", "booking", "default_budget"]

FREE = 64 << 10  # bytes of a body that nobody counts
MAX_VALUES = 1_000_000  # in a body
PER_BYTE = 10  # bytes of memory for a byte of a body while it is decoded, as measured at worst
PER_VALUE = 256  # and for a value, with the pair that holds it
PATIENCE = 10.0  # seconds that a body waits for room
LEAST = 512 << 20  # bytes: the budget of a small machine, and of one that does not tell
BUSY = "server busy, please try again.  maximum pending requests exceeded"
SCOPE_KEY = "pyollama.booking"


def default_budget() -> int:
    """A quarter of the machine's memory, in bytes."""
    return max((total_memory() or 0) // 4, LEAST)


class Budget:
    """So many bytes, and who waits for some of them; used on the event loop alone."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.waiting: set[asyncio.Future[None]] = set()

    async def take(self, size: int) -> None:
        """Book bytes as soon as there is room. ServerBusy if there is none for too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.used + size > self.limit:
                    await self._change()
        except TimeoutError as error:
            raise ServerBusy(BUSY) from error
        self.used += size

    def give(self, size: int) -> None:
        """Free bytes, and wake all that wait: whoever fits goes on."""
        self.used -= size
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def _change(self) -> None:
        """Wait until somebody frees something."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiting.add(waiter)
        try:
            await waiter
        finally:
            self.waiting.discard(waiter)


class Booking:
    """What one request has booked."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.held = 0

    async def cover(self, n_byte: int) -> None:
        """Book what a body of so many bytes can take while it is decoded.

        Raises BodyTooLarge if that is more than there is for all, ServerBusy.
        """
        wanted = peak(n_byte)
        if wanted > self.budget.limit:
            raise BodyTooLarge("http: request body too large")
        if wanted > self.held:
            await self.budget.take(wanted - self.held)
            self.held = wanted

    def settle(self, body: bytes, n_value: int) -> None:
        """Free what a decoded body does not take any more."""
        self._keep(min(self.held, width(body) * len(body) + PER_VALUE * n_value))

    def release(self) -> None:
        """Free all of it."""
        self._keep(0)

    def _keep(self, size: int) -> None:
        self.budget.give(self.held - size)
        self.held = size


def peak(n_byte: int) -> int:
    """The bytes of memory that a body can take; it can have a value for each two bytes."""
    if n_byte <= FREE:
        return 0
    return PER_BYTE * n_byte + PER_VALUE * min(n_byte // 2, MAX_VALUES)


def width(body: bytes) -> int:
    """How many bytes of memory a character of its strings may take at most."""
    return 1 if body.isascii() and b"\\u" not in body else 4


class Counted:
    """The innermost layer: gives each request its booking, and frees it at the end."""

    def __init__(self, app: ASGIApp, budget: Budget) -> None:
        self.app = app
        self.budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        booked = scope[SCOPE_KEY] = Booking(self.budget)
        try:
            await self.app(scope, receive, send)
        finally:
            booked.release()


def booking(request: Request) -> Booking:
    """The booking of a request."""
    found = request.scope[SCOPE_KEY]
    assert isinstance(found, Booking)
    return found
