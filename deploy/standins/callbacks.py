"""Callbacks of one account: batched, delayed, repeated, and retried until they are answered."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from deploy.standins.faults import Dice

TIMEOUT = 30.0  # seconds
POSTS = 4  # requests at once of one account; what comes due meanwhile goes into the next one
RETRIES = (0.1, 0.3, 1.0, 2.0, 3.0, 5.0)  # seconds; the last one again and again for an hour
GIVE_UP_AFTER = 700  # tries

Payload = dict[str, object]


@dataclass(frozen=True, slots=True)
class Callback:
    """One element of a callback's body: `kind` is what its provider sorts by."""

    kind: str
    payload: Payload
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Post:
    """A whole request to us; `wants`: the body that the provider insists on, None for any."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    wants: bytes | None = None


#: Makes one request of several callbacks; None while the account has no address of ours.
Builder = Callable[[Sequence[Callback]], Post | None]


class Callbacks:
    """Delivers due callbacks, at most `together` in one request."""

    def __init__(
        self,
        build: Builder,
        dice: Dice,
        http: httpx.AsyncClient,
        taken: Callable[[Callback], None],
        together: int,
    ) -> None:
        self._build = build
        self._dice = dice
        self._http = http
        self._taken = taken
        self._together = together
        self._due: list[Callback] = []
        self._free = asyncio.Semaphore(POSTS)
        self._wake = asyncio.Event()
        self._posts: set[asyncio.Task[None]] = set()
        self.waiting = 0

    def later(self, callback: Callback, delay: float) -> None:
        """Deliver after `delay` seconds."""
        self.waiting += 1
        asyncio.get_running_loop().call_later(delay, self._ready, callback)

    async def run(self) -> None:
        """Post due callbacks, a few bodies at once, until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._due:
                    await self._free.acquire()
                    body, self._due = self._due[: self._together], self._due[self._together :]
                    self._start(body)
        finally:
            for post in self._posts:
                post.cancel()

    async def post(self, batch: Sequence[Callback], timeout: float = TIMEOUT) -> bool:
        """Deliver one body now; True when the other side took it."""
        post = self._build(batch)
        if post is None:
            return False
        with contextlib.suppress(httpx.HTTPError):
            answer = await self._http.request(
                post.method, post.url, content=post.body, headers=post.headers, timeout=timeout
            )
            return answer.is_success and post.wants in (None, answer.content)
        return False

    def _ready(self, callback: Callback) -> None:
        self._due.append(callback)
        self._wake.set()

    def _start(self, batch: list[Callback]) -> None:
        post = asyncio.create_task(self._deliver(batch))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)
        post.add_done_callback(lambda _: self._free.release())

    async def _deliver(self, batch: list[Callback]) -> None:
        profile = self._dice.profile
        taken = self._dice.hits(profile.lose_callback) or await self.post(batch)
        self.waiting -= len(batch)
        for callback in batch:
            if not taken:
                self._again(callback)
                continue
            self._taken(callback)
            if self._dice.hits(profile.repeat_callback):
                self.later(callback, self._dice.delay(profile.callback_delay))

    def _again(self, callback: Callback) -> None:
        if callback.tries < GIVE_UP_AFTER:
            delay = RETRIES[min(callback.tries, len(RETRIES) - 1)]
            self.later(Callback(callback.kind, callback.payload, callback.tries + 1), delay)
