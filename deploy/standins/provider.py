"""What stand-ins of providers have in common: accounts, acceptance with faults, statuses by callback."""

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import ClassVar

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Callbacks, Payload, Post
from deploy.standins.client import http_client
from deploy.standins.control import as_json, control_routes, object_of
from deploy.standins.faults import GATEWAY, Dice, Failure, Mode, Profile
from deploy.standins.files import Files, SentFile, file_of
from deploy.standins.journal import Entry, Journal, Status
from deploy.standins.server import cut
from libs.common.platform.clock import Clock, SystemClock

REFUSED_ENDING = "0000"  # numbers that end so are refused: the class of address that every provider has


_OVER = frozenset({Status.DELIVERED, Status.READ, Status.ERROR})


@dataclass(slots=True)
class GatewayAccount:
    """An account: `key` names it, `secret` proves its owner, `callbacks` is our address."""

    key: str
    secret: str
    callbacks: str = ""
    _requests: deque[float] = field(default_factory=deque)

    def over_limit(self, limit: int, window: float) -> bool:
        """Count a request; True when more than `limit` came within `window` seconds."""
        now = time.monotonic()
        while self._requests and self._requests[0] <= now - window:
            self._requests.popleft()
        self._requests.append(now)
        return len(self._requests) > limit


@dataclass(frozen=True, slots=True)
class Wish:
    """One message as it was asked for. `reference` is ours, `callbacks` an address of this message alone."""

    account: GatewayAccount
    chat_id: str
    text: str
    reference: str | None = None
    callbacks: str = ""


class ProviderStandin(ABC):
    """One provider. A subclass says how its requests, answers and callbacks look."""

    code: ClassVar[str]
    together: ClassVar[int] = 1  # callbacks in one request
    is_read: ClassVar[bool] = False  # whether its messages can be read, or only be delivered
    reports: ClassVar[bool] = True  # whether an accepted message is followed by statuses
    # Error codes of a refused address, of too many requests and of a wrong key.
    address_code: ClassVar[str]
    rate_code: ClassVar[str]
    token_code: ClassVar[str]
    # The account that there is by default.
    demo_key: ClassVar[str]
    demo_secret: ClassVar[str]

    def __init__(
        self, accounts: Sequence[GatewayAccount], profile: Profile = GATEWAY, seed: int = 0,
        journal: Journal | None = None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.dice = Dice(profile, seed)
        self.files = Files(self.dice)
        self.journal = journal or Journal()
        self.clock = clock or SystemClock()
        self.accounts = {account.key: account for account in accounts}
        self.addresses: dict[str, str] = {}  # of callbacks of one message, by its id
        self.written: dict[str, datetime] = {}  # when customers wrote last, by business time
        self.numbers = count(len(self.journal.entries) + 1)
        self._http = http_client(limits=httpx.Limits(max_connections=32))
        self._callbacks = Callbacks(self.post, self.dice, self._http, self._record_delivery, self.together)

    @classmethod
    def demo(cls) -> GatewayAccount:
        """Return the account of the demo desk."""
        return GatewayAccount(cls.demo_key, cls.demo_secret)

    @classmethod
    def school(cls) -> GatewayAccount:
        """Return the account of the demo's school: an account writes for one desk alone."""
        return GatewayAccount(f"{cls.demo_key}-school", f"{cls.demo_secret}-school")

    @classmethod
    @abstractmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        """Return the configuration of a channel at an account, as our API takes it, without `provider`."""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Deliver callbacks while the block runs, those that an earlier process did not deliver included."""
        for key, uri in self.journal.webhooks.items():
            if key in self.accounts:
                self.accounts[key].callbacks = uri
        async with self._http:
            runner = asyncio.create_task(self._callbacks.run())
            for entry in self.journal.entries.values():
                if not _OVER.intersection(entry.statuses):
                    self._announce(entry, None)
            try:
                yield
            finally:
                runner.cancel()
                self.journal.close()

    def routes(self) -> Sequence[Route]:
        """Return the provider's own routes, and `/_…` for tests and checkers."""
        return [
            *self.own_routes(),
            *control_routes(self),
            Route("/_callbacks", self._set_callbacks, methods=["POST"]),
            Route("/_inbound", self._write, methods=["POST"]),
        ]

    @abstractmethod
    def own_routes(self) -> Sequence[Route]:
        """Return what the provider's API has."""

    @abstractmethod
    def accepted(self, entry: Entry) -> Response:
        """Return the answer to an accepted message."""

    @abstractmethod
    def refused(self, code: str) -> Response:
        """Return an error in the provider's shape."""

    @abstractmethod
    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return one request of callbacks."""

    @abstractmethod
    def new_id(self, number: int, wish: Wish) -> str:
        """Return the id of an accepted message."""

    def taken(self, wish: Wish) -> None:
        """Keep what a provider's tests want to see of an accepted message, before its caller hears of it."""
        del wish

    def inbound(self, account: GatewayAccount, chat_id: str, text: str) -> Callback | None:
        """Return the callback of a customer's message; None: the provider has none."""
        del account, chat_id, text
        return None

    def sent_file(
        self, account: GatewayAccount, chat_id: str, text: str, file: SentFile, base: str
    ) -> Callback | None:
        """Return the callback of a customer's file with its caption; `base`: our address. None: there is none."""
        del account, chat_id, text, file, base
        return None

    async def give_file(self, request: Request) -> Response:
        """Give out a file by its address alone."""
        return await self.files.answer(request, request.path_params["link"])

    def failure_of(self, wish: Wish) -> Failure | None:
        """Return how a message fails for reasons of its own, with no failure ordered."""
        if wish.chat_id.endswith(REFUSED_ENDING):
            return Failure(Mode.CODE, self.address_code)
        return None

    @property
    def waiting(self) -> int:
        """Return how many callbacks are not delivered yet."""
        return self._callbacks.waiting

    async def send(self, wish: Wish, traceparent: str | None = None) -> Response | None:
        """Process one message, with the faults of the profile; None cuts the connection."""
        profile = self.dice.profile
        if wish.account.over_limit(profile.rate_limit, profile.rate_window):
            return self.refused(self.rate_code)
        failure = self.dice.failure(wish.chat_id) or self.failure_of(wish)
        match failure:
            case Failure(Mode.TOKEN):
                return self.refused(self.token_code)
            case Failure(Mode.CODE, code):
                return self.refused(code)
            case Failure(Mode.HTTP, status):
                return Response(status_code=int(status))
        entry = self._accept(wish, traceparent)
        self._announce(entry, failure)
        await asyncio.sleep(profile.answer_least + self.dice.delay(profile.answer_delay))
        match failure:
            case Failure(Mode.LOSE):
                return None
            case Failure(Mode.HTTP_ACCEPTED, status):
                return Response(status_code=int(status))
            case Failure(Mode.HANG, seconds):
                await asyncio.sleep(float(seconds))
        if failure is None and self.dice.hits(profile.lose_answer):
            return None
        if failure is None and self.dice.hits(profile.fail_accepted):
            return Response(status_code=503)
        return self.accepted(entry)

    async def answer(self, request: Request, wish: Wish) -> Response:
        """Answer a request to send."""
        answer = await self.send(wish, request.headers.get("traceparent"))
        return await cut(request) if answer is None else answer

    def status_of(self, message_id: str) -> str | None:
        """Return how a message is doing: as far as callbacks went, in any order, or would have gone anywhere."""
        entry = self.journal.entries.get(message_id)
        if entry is None:
            return None
        return max(map(Status, entry.statuses), key=list(Status).index, default=Status.DELIVERED)

    def subscribe(self, account: GatewayAccount, uri: str) -> None:
        """Keep our address."""
        account.callbacks = uri
        self.journal.subscribed(account.key, uri)

    def later(self, callback: Callback, delay: float = 0.0) -> None:
        """Deliver a callback after `delay` seconds."""
        self._callbacks.later(callback, delay)

    def _accept(self, wish: Wish, traceparent: str | None) -> Entry:
        entry = Entry(
            message_id=self.new_id(next(self.numbers), wish),
            key=wish.account.key,
            channel_id=wish.account.key,
            chat_id=wish.chat_id,
            text=wish.text,
            crm_message_id=wish.reference,
            accepted_at=datetime.now(UTC),
            traceparent=traceparent,
        )
        self.journal.accepted(entry)
        self.taken(wish)
        if wish.callbacks:
            self.addresses[entry.message_id] = wish.callbacks
        return entry

    def _announce(self, entry: Entry, failure: Failure | None) -> None:
        statuses: list[tuple[Status, str]] = [(Status.SENT, ""), (Status.DELIVERED, "")]
        if self.is_read and self.dice.hits(self.dice.profile.read):
            statuses.append((Status.READ, ""))
        if failure is not None and failure.mode is Mode.STATUS:
            statuses = [(Status.ERROR, failure.value)]
        after, shuffled = 0.0, self.dice.hits(self.dice.profile.shuffle_callbacks)
        for status, code in statuses:
            after += self.dice.delay(self.dice.profile.callback_delay)
            at = (entry.accepted_at + timedelta(seconds=after)).isoformat()
            payload: Payload = {"id": entry.message_id, "status": status.value, "code": code, "at": at}
            delay = self.dice.delay(2 * self.dice.profile.callback_delay) if shuffled else after
            if self.reports and self._address(entry):
                self.later(Callback("status", payload), delay)

    def _address(self, entry: Entry) -> str:
        return self.addresses.get(entry.message_id) or self.accounts[entry.key].callbacks

    def _record_delivery(self, callback: Callback) -> None:
        message_id = str(callback.payload.get("id"))
        if callback.kind == "status" and message_id in self.journal.entries:
            self.journal.delivered(message_id, str(callback.payload["status"]))

    async def _set_callbacks(self, request: Request) -> Response:
        """Set our address by hand, as in a provider's cabinet: `{"key": …, "url": …}`."""
        body = await object_of(request) or {}
        account = self.accounts.get(str(body.get("key")))
        if account is None:
            return as_json({"error": "no such key"}, 404)
        self.subscribe(account, str(body.get("url")))
        return as_json({})

    async def _write(self, request: Request) -> Response:
        """Let a customer write: `{"key": …, "chat_id": …, "text": …}`, and with a `file` (`file_of`) send it."""
        body = await object_of(request) or {}
        account, chat_id = self.accounts.get(str(body.get("key"))), str(body.get("chat_id"))
        text, file = str(body.get("text", "")), file_of(body.get("file"))
        callback = None
        if account is not None and file is not None:
            callback = self.sent_file(account, chat_id, text, file, f"{request.base_url}{self.code}/")
        elif account is not None:
            callback = self.inbound(account, chat_id, text)
        if callback is None:
            return as_json({"error": "no such key, or nobody can write here"}, 404)
        self.later(callback)
        return as_json({}, 202)


def moment(payload: Mapping[str, object]) -> datetime:
    """Return when a status came to be."""
    return datetime.fromisoformat(str(payload["at"]))
