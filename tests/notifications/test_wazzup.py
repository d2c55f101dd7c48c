"""The provider's client: it distinguishes a call that never left from one that may have arrived."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from email.utils import formatdate

import httpx
import pytest

from services.notifications.delivery.rules import Answer
from services.notifications.delivery.wazzup import OutboundMessage, Wazzup, read

MESSAGE = OutboundMessage("key", "api-key", "channel", "79000000001", "text")


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A port whose queue of connections is full: a new one is never answered, not even refused."""
    with ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v3/"


@pytest.mark.servers
async def test_a_connection_that_is_never_accepted_counts_as_not_arrived(black_hole: str) -> None:
    wazzup = Wazzup(black_hole, timeout=1.0, connections=4)
    started = time.monotonic()
    answer = await wazzup.send(MESSAGE, "")
    await wazzup.close()
    assert answer == Answer(None, may_have_arrived=False, code="unreachable", detail="ConnectTimeout")
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), (formatdate(0, usegmt=True), 0), ("soon", None)],
    ids=["seconds", "past", "words"],
)
def test_retry_after_is_read(value: str, seconds: float | None) -> None:
    assert read(httpx.Response(429, headers={"retry-after": value})).retry_after == seconds


def test_retry_after_is_read_as_a_date() -> None:
    value = formatdate(time.time() + 90, usegmt=True)
    found = read(httpx.Response(429, headers={"retry-after": value})).retry_after
    assert found == pytest.approx(90, abs=30)
