"""Webhooks of one account: batched, delayed, repeated, and retried until they are answered 200."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from deploy.standins.wazzup.accounts import Account
from deploy.standins.wazzup.faults import Dice

MOST_PER_BODY = 100
TIMEOUT = 30.0  # seconds, as documented
RETRIES = (0.1, 0.3, 1.0, 2.0, 3.0, 5.0)  # seconds; the last one again and again for an hour
GIVE_UP_AFTER = 700  # tries

Payload = dict[str, object]


@dataclass(frozen=True, slots=True)
class Callback:
    """One element of a webhook body: `kind` is its list (`messages`, `statuses`, …)."""

    kind: str
    payload: Payload
    tries: int = 0


class Callbacks:
    """Delivers due callbacks to the address that the account subscribed."""

    def __init__(
        self, account: Account, dice: Dice, http: httpx.AsyncClient, taken: Callable[[Callback], None]
    ) -> None:
        self.account = account
        self._dice = dice
        self._http = http
        self._taken = taken
        self._due: list[Callback] = []
        self._wake = asyncio.Event()
        self._posts: set[asyncio.Task[None]] = set()
        self.waiting = 0

    def later(self, callback: Callback, delay: float) -> None:
        """Deliver after `delay` seconds, if the account wants such callbacks."""
        if not self.account.wants(callback.kind):
            return
        self.waiting += 1
        asyncio.get_running_loop().call_later(delay, self._ready, callback)

    async def run(self) -> None:
        """Post due callbacks, several bodies at once, until cancelled."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._due:
                    body, self._due = self._due[:MOST_PER_BODY], self._due[MOST_PER_BODY:]
                    self._start(body)
        finally:
            for post in self._posts:
                post.cancel()

    async def post(self, batch: Sequence[Callback], timeout: float = TIMEOUT) -> bool:
        """Deliver one body now; True when the other side answered 200."""
        uri = self.account.webhooks_uri
        if uri is None:
            return False
        body: dict[str, list[Payload]] = {}
        for callback in batch:
            body.setdefault(callback.kind, []).append(callback.payload)
        with contextlib.suppress(httpx.HTTPError):
            answer = await self._http.post(uri, json=body, timeout=timeout)
            return answer.status_code == httpx.codes.OK
        return False

    def _ready(self, callback: Callback) -> None:
        self._due.append(callback)
        self._wake.set()

    def _start(self, batch: list[Callback]) -> None:
        post = asyncio.create_task(self._deliver(batch))
        self._posts.add(post)
        post.add_done_callback(self._posts.discard)

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
