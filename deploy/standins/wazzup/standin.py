"""The stand-in's behaviour: its answer to a message, and the webhooks that follow."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeAlias
from uuid import uuid4

import httpx
import orjson
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Callbacks, Payload, Post
from deploy.standins.client import http_client
from deploy.standins.faults import NASTY, Dice, Failure, Mode, Profile
from deploy.standins.files import Files
from deploy.standins.journal import Entry, Journal, Status
from deploy.standins.wazzup.accounts import Account
from deploy.standins.wazzup.answers import LOST, Answer, error
from deploy.standins.wazzup.routes import routes
from libs.common.platform.clock import Clock, SystemClock

CHAT_TYPES = frozenset(
    {"whatsapp", "whatsgroup", "viber", "instagram", "telegram", "telegroup", "vk", "avito", "max", "maxgroup"}
)
MAX_TEXT = 10_000
MOST_PER_BODY = 100
EARLY_TIMEOUT = 1.0  # seconds that an early callback may delay the answer
ECHO = "echo"
ABSENT_ENDING = "404404"  # of numbers that are not on WhatsApp

Plan: TypeAlias = Sequence[tuple[float, Callback]]  # seconds after the acceptance


class Standin:
    """Several accounts, one journal, one set of dice."""

    code = "wazzup"

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        profile: Profile = NASTY,
        seed: int = 0,
        journal: Journal | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.dice = Dice(profile, seed)
        self._clock = clock or SystemClock()
        self.files = Files(self.dice)
        self.journal = journal or Journal()
        self.accounts = {account.key: account for account in accounts}
        self.callbacks: dict[str, Callbacks] = {}
        self._http = http_client(limits=httpx.Limits(max_connections=32))
        self._tasks = asyncio.TaskGroup()
        self._turn = asyncio.Lock()
        self._runners: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Deliver webhooks while the block runs, those that an earlier process did not deliver included."""
        async with self._http, self._tasks:
            for account in tuple(self.accounts.values()):
                self.add(account)
            self._resume()
            try:
                yield
            finally:
                for runner in self._runners:
                    runner.cancel()
                self.journal.close()

    def add(self, account: Account) -> None:
        """Open an account; its runner ends with the stand-in."""
        account.webhooks_uri = self.journal.webhooks.get(account.key, account.webhooks_uri)
        self.accounts[account.key] = account
        self.callbacks[account.key] = Callbacks(
            partial(_post, account), self.dice, self._http, self._record_delivery, MOST_PER_BODY
        )
        self._runners.append(self._tasks.create_task(self.callbacks[account.key].run()))

    def routes(self) -> Sequence[Route]:
        return routes(self)

    async def subscribe(self, account: Account, uri: str) -> bool:
        """Probe the address with `{"test": true}` as Wazzup does; False when it did not answer 200."""
        with contextlib.suppress(httpx.HTTPError):
            probe = await self._http.post(uri, json={"test": True}, timeout=10)
            if probe.status_code == httpx.codes.OK:
                account.webhooks_uri = uri
                self.journal.subscribed(account.key, uri)
                return True
        return False

    async def wait_for_turn(self, disconnected: Callable[[], Awaitable[bool]]) -> bool:
        """Wait until the message may be processed, one at a time; return False when the caller has disconnected."""
        if not self.dice.profile.service:
            return True
        async with self._turn:
            if await disconnected():
                return False
            await asyncio.sleep(self.dice.profile.service)
        return True

    async def message(self, account: Account, body: Payload, traceparent: str | None = None) -> Answer:
        """Process one message, with the faults of the profile."""
        profile = self.dice.profile
        refusal = check(account, body)
        if refusal is not None:
            return refusal
        failure = self.dice.failure(str(body["chatId"])) or _absent(str(body["chatId"]))
        if failure is not None and failure.mode in (Mode.CODE, Mode.HTTP):
            return error(failure.value) if failure.mode is Mode.CODE else Answer(int(failure.value))
        if failure is None and self.dice.hits(profile.refuse_503):
            failure = Failure(self.dice.pick(Mode.HTTP, Mode.HTTP_ACCEPTED), "503")
            if failure.mode is Mode.HTTP:
                return Answer(503)
        if account.is_repeat(_crm_id(body), profile.duplicate_window):
            spelling = self.dice.pick("REPEATED_CRM_MESSAGE_ID", "repeatedCrmMessageId")
            return error(spelling, data={"crmMessageId": _crm_id(body)})
        entry = self._accept(account, body, traceparent)
        await self._announce(entry, failure)
        return await self._answer(entry, failure)

    async def inbound(
        self, account: Account, chat_id: str, text: str, name: str | None = None, *, echo: bool = False,
        **members: object,
    ) -> str:  # fmt: skip
        """Let a customer write to the account's first channel, or be written to (`echo`); return the messageId."""
        message_id = str(uuid4())
        payload = _message(account.channels[0].channel_id, chat_id, text, message_id, self._clock.now(), echo=echo)
        payload |= members
        if name is not None:
            payload["contact"] = {"name": name}
        self._later(account.key, Callback("messages", payload), 0)
        return message_id

    @property
    def waiting(self) -> int:
        """Return how many callbacks are not delivered yet."""
        return sum(callbacks.waiting for callbacks in self.callbacks.values())

    def _accept(self, account: Account, body: Payload, traceparent: str | None) -> Entry:
        entry = Entry(
            message_id=str(uuid4()),
            key=account.key,
            channel_id=str(body["channelId"]),
            chat_id=str(body["chatId"]),
            text=str(body.get("text") or body.get("contentUri")),
            crm_message_id=_crm_id(body),
            accepted_at=datetime.now(UTC),
            traceparent=traceparent,
        )
        self.journal.accepted(entry)
        return entry

    async def _announce(self, entry: Entry, failure: Failure | None) -> None:
        callbacks = self.callbacks[entry.key]
        plan = self._plan(entry, failure)
        batch = [callback for _, callback in plan[:2] if self.accounts[entry.key].wants(callback.kind)]
        early = bool(batch) and self.dice.hits(self.dice.profile.early_callback)
        if early and await callbacks.post(batch, EARLY_TIMEOUT):
            for callback in batch:
                self._record_delivery(callback)
            plan = plan[2:]
        self._schedule(entry.key, plan)

    def _schedule(self, key: str, plan: Plan) -> None:
        """Deliver each callback after its delay or, shuffled, after a random one."""
        shuffled = self.dice.hits(self.dice.profile.shuffle_callbacks)
        last = max((after for after, _ in plan), default=0.0)
        for after, callback in plan:
            self._later(key, callback, self.dice.delay(2 * last) if shuffled else after)

    def _later(self, key: str, callback: Callback, delay: float) -> None:
        """Deliver after `delay` seconds, if the account wants such callbacks."""
        if self.accounts[key].wants(callback.kind):
            self.callbacks[key].later(callback, delay)

    def _plan(self, entry: Entry, failure: Failure | None = None) -> Plan:
        """Return the callbacks of a message with their delays, in true order."""
        ends = [Status.DELIVERED, Status.READ] if self.dice.hits(self.dice.profile.read) else [Status.DELIVERED]
        statuses, code = [Status.SENT, *ends], None
        if failure is not None and failure.mode is Mode.STATUS:
            statuses, code = [Status.ERROR], failure.value
        echo = _message(entry.channel_id, entry.chat_id, entry.text, entry.message_id, self._clock.now(), echo=True)
        echo["dateTime"] = _stamp(entry.accepted_at)
        after = self.dice.delay(self.dice.profile.callback_delay)
        plan = [(after, Callback("messages", echo))]
        for status in statuses:
            after += self.dice.delay(self.dice.profile.callback_delay)
            at = entry.accepted_at + timedelta(seconds=after)
            plan.append((after, Callback("statuses", _status(entry, status, at, code))))
        return plan

    async def _answer(self, entry: Entry, failure: Failure | None) -> Answer:
        profile = self.dice.profile
        await asyncio.sleep(profile.answer_least + self.dice.delay(profile.answer_delay))
        match failure:
            case Failure(Mode.LOSE):
                return LOST
            case Failure(Mode.HTTP_ACCEPTED, status):
                return Answer(int(status))
            case Failure(Mode.HANG, seconds):
                await asyncio.sleep(float(seconds))
        if self.dice.hits(profile.lose_answer):
            return LOST
        return Answer(201, {"messageId": entry.message_id, "chatId": entry.chat_id})

    def _record_delivery(self, callback: Callback) -> None:
        message_id = str(callback.payload["messageId"])
        if message_id in self.journal.entries:
            self.journal.delivered(
                message_id, ECHO if callback.kind == "messages" else str(callback.payload["status"])
            )

    def _resume(self) -> None:
        for entry in self.journal.entries.values():
            over = {Status.DELIVERED, Status.READ, Status.ERROR}.intersection(entry.statuses)
            if entry.key in self.callbacks and not over:
                self._schedule(entry.key, self._plan(entry))


def _absent(chat_id: str) -> Failure | None:
    return Failure(Mode.CODE, "BAD_CONTACT") if chat_id.endswith(ABSENT_ENDING) else None


def _post(account: Account, batch: Sequence[Callback]) -> Post | None:
    """Return one body with the lists of several callbacks."""
    if account.webhooks_uri is None:
        return None
    body: dict[str, list[Payload]] = {}
    for callback in batch:
        body.setdefault(callback.kind, []).append(callback.payload)
    return Post(account.webhooks_uri, orjson.dumps(body), {"content-type": "application/json"})


def check(account: Account, body: Payload) -> Answer | None:
    """Return the validation error of a message, or None (API v3, sending messages)."""
    channel = account.channel(str(body.get("channelId")))
    fields = [name for name in ("channelId", "chatType", "chatId") if not isinstance(body.get(name), str)]
    if fields or body["chatType"] not in CHAT_TYPES:
        return error("INVALID_MESSAGE_DATA", data={"fields": fields or ["chatType"]})
    if channel is None:
        return error("CHANNEL_NOT_FOUND")
    if channel.state.lower() != "active":
        return error("MESSAGE_CHANNEL_UNAVAILABLE")
    if body["chatType"] == "whatsapp" and not str(body["chatId"]).isdecimal():
        return error("INVALID_MESSAGE_DATA", data={"fields": ["chatId"]})
    return _check_content(body)


def _check_content(body: Payload) -> Answer | None:
    text, content = body.get("text"), body.get("contentUri")
    if text is not None and content is not None:
        return error("MESSAGE_ONLY_TEXT_OR_CONTENT")
    if text is None and content is None and "templateId" not in body:
        return error("MESSAGE_NOTHING_TO_SEND")
    if isinstance(text, str) and not text.strip():
        return error("MESSAGES_TEXT_CAN_NOT_BE_BLANK")
    if isinstance(text, str) and len(text) > MAX_TEXT:
        return error("MESSAGE_TEXT_TOO_LONG")
    return None


def _crm_id(body: Payload) -> str | None:
    value = body.get("crmMessageId")
    return None if value is None else str(value)


def _message(channel_id: str, chat_id: str, text: str, message_id: str, at: datetime, *, echo: bool) -> Payload:
    return {
        "messageId": message_id,
        "channelId": channel_id,
        "chatType": "whatsapp",
        "chatId": chat_id,
        "dateTime": _stamp(at),
        "type": "text",
        "isEcho": echo,
        "status": "sent" if echo else "inbound",
        "text": text,
    }


def _status(entry: Entry, status: Status, at: datetime, code: str | None) -> Payload:
    payload: Payload = {"messageId": entry.message_id, "timestamp": _stamp(at), "status": status}
    if code is not None:
        payload["error"] = {"error": code, "description": code.lower(), "data": None}
    return payload


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
