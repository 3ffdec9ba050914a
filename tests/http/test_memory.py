"""The memory of bodies: booked before they are read, freed however a request ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from pyollama.errors import ServerBusy
from pyollama_http import memory
from pyollama_http.app import create_app, from_environment
from pyollama_http.errors import BodyTooLarge
from pyollama_http.memory import Booking, Budget, Counted, default_budget, peak, width
from pyollama_http.parts import Parts

LONG = b'{"model":"no-such","prompt":"' + b"x" * 200_000 + b'"}'
ROOM = 2 * peak(len(LONG))


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PATIENCE", 0.1)


@pytest.fixture
def app(parts: Parts) -> Any:
    return create_app(parts.settings, parts=parts, body_memory=ROOM)


def budget_of(app: Any) -> Budget:
    """The budget that the application's layer counts with."""
    found: Budget = next(
        each.kwargs["budget"] for each in app.user_middleware if each.cls is Counted
    )
    return found


@pytest.fixture
def budget(app: Any) -> Budget:
    return budget_of(app)


@pytest.fixture
def counted(app: Any) -> Iterator[TestClient]:
    with TestClient(
        app, base_url="http://127.0.0.1:11434", raise_server_exceptions=False
    ) as client:
        yield client


def test_short_bodies_book_nothing_and_long_ones_what_they_can_take() -> None:
    assert peak(0) == peak(memory.FREE) == 0
    assert peak(memory.FREE + 1) > 10 * memory.FREE
    assert peak(100 << 20) == 10 * (100 << 20) + 256 * 1_000_000


@pytest.mark.parametrize(
    ("body", "bytes_"), [(b"abc", 1), ("é".encode(), 4), (b"\\ud83d", 4), (b"\xff", 4)]
)
def test_one_rare_character_widens_all(body: bytes, bytes_: int) -> None:
    assert width(body) == bytes_


def test_the_budget_is_a_share_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for installed, expected in [(64 << 30, 16 << 30), (1 << 30, 512 << 20), (None, 512 << 20)]:
        monkeypatch.setattr(memory, "total_memory", lambda installed=installed: installed)
        assert default_budget() == expected


def test_the_budget_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYOLLAMA_BODY_MEMORY", "12345")
    assert budget_of(from_environment()).limit == 12345
    monkeypatch.delenv("PYOLLAMA_BODY_MEMORY")
    assert budget_of(from_environment()).limit == default_budget()


def test_who_does_not_fit_waits_for_others_to_end() -> None:
    async def main() -> list[str]:
        budget, order = Budget(10), []

        async def use(name: str, size: int, seconds: float) -> None:
            await budget.take(size)
            order.append(name)
            await asyncio.sleep(seconds)
            budget.give(size)

        await asyncio.gather(use("a", 6, 0.02), use("b", 6, 0), use("c", 4, 0))
        assert (budget.used, budget.waiting) == (0, set())
        return order

    assert asyncio.run(main()) == ["a", "c", "b"]


def test_who_waits_too_long_or_leaves_has_booked_nothing(patience: None) -> None:
    async def main() -> None:
        budget = Budget(10)
        await budget.take(6)
        with pytest.raises(ServerBusy, match="maximum pending requests exceeded"):
            await budget.take(5)
        leaving = asyncio.ensure_future(budget.take(5))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait({leaving})
        assert (budget.used, budget.waiting) == (6, set())

    asyncio.run(main())


def test_a_booking_grows_shrinks_and_ends() -> None:
    async def main() -> None:
        budget = Budget(ROOM)
        booked = Booking(budget)
        await booked.cover(100_000)
        await booked.cover(200_000)
        await booked.cover(1000)
        assert budget.used == booked.held == peak(200_000)
        booked.settle(b"x" * 200_000, 10)
        assert budget.used == 200_000 + 10 * memory.PER_VALUE
        with pytest.raises(BodyTooLarge):
            await booked.cover(1_000_000)
        booked.release()
        booked.release()
        assert budget.used == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (LONG, 200),
        (LONG[:-1], 400),
        (b"[" * 100_000, 400),
        (b'{"context":[' + b"1," * 600_000 + b"1]}", 413),
        (b"{}", 200),
    ],
)
def test_however_a_request_ends_its_booking_does(
    counted: TestClient, budget: Budget, body: bytes, status: int
) -> None:
    assert counted.post("/api/generate", content=body).status_code == status
    assert budget.used == 0


def test_a_body_that_could_never_fit_is_too_large(counted: TestClient, budget: Budget) -> None:
    body = b'{"prompt":"' + b"x" * 1_000_000 + b'"}'

    def chunks() -> Iterator[bytes]:
        yield body

    for content in (body, chunks()):
        answer = counted.post("/api/generate", content=content)
        assert (answer.status_code, answer.json()) == (
            413,
            {"error": "http: request body too large"},
        )
    assert budget.used == 0


def test_a_body_that_finds_no_room_is_turned_away(
    counted: TestClient, budget: Budget, patience: None
) -> None:
    budget.used = ROOM - 1  # others
    busy = {"error": "server busy, please try again.  maximum pending requests exceeded"}
    answer = counted.post("/api/generate", content=LONG)
    assert (answer.status_code, answer.json()) == (503, busy)
    assert counted.post("/api/generate", json={"model": "no-such"}).status_code == 200
    assert counted.post("/api/blobs/sha256:" + "0" * 64, content=LONG).status_code == 400
    assert budget.used == ROOM - 1


def test_a_client_that_leaves_while_it_sends_frees_its_booking(app: Any, budget: Budget) -> None:
    seen: list[int] = []
    messages = [{"type": "http.request", "body": LONG[:1000], "more_body": True}]

    async def receive() -> dict[str, Any]:
        seen.append(budget.used)
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        return None

    async def main() -> None:
        headers = [(b"host", b"127.0.0.1:11434"), (b"content-length", b"%d" % len(LONG))]
        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": "/api/generate",
            "raw_path": b"/api/generate", "query_string": b"", "headers": headers,
        }  # fmt: skip
        await app(scope, receive, send)

    asyncio.run(main())
    assert seen == [peak(len(LONG))] * 2
    assert budget.used == 0


def test_many_long_bodies_at_once_are_all_answered_in_turn(app: Any, budget: Budget) -> None:
    async def main() -> list[int]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:11434"
        ) as client:

            async def slowly() -> AsyncIterator[bytes]:
                for at in range(0, len(LONG), 50_000):
                    assert budget.used <= budget.limit
                    yield LONG[at : at + 50_000]
                    await asyncio.sleep(0)

            bodies: list[bytes | AsyncIterator[bytes]] = [
                LONG,
                slowly(),
                LONG,
                LONG,
                slowly(),
                LONG,
            ]
            answers = await asyncio.gather(
                *(client.post("/api/generate", content=body) for body in bodies)
            )
        return [answer.status_code for answer in answers]

    assert asyncio.run(main()) == [200] * 6
    assert budget.used == 0
