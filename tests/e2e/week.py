"""The desk of the week at work, with two workers: what its customers and operators do, and what each was sent."""

import bisect
import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from deploy.standins.bots import DEMO_WEBHOOK_SECRET
from deploy.standins.journal import Entry
from deploy.standins.max import MaxStandin
from deploy.standins.smsru import SmsRuStandin
from deploy.standins.team_webhook import TeamWebhookStandin
from deploy.standins.telegram import TelegramStandin
from libs.common.deskfile.reading import DeskFile, read
from tests.support.accounts import Account
from tests.support.mailboxes import Mailboxes
from tests.support.settle import settle
from tests.support.stack import ProcessStack
from tests.support.staff import Staff
from tests.tasks.support import LIBRARY

#: What a worker has left behind in the middle of its calls may be asked for again some times.
KILLED_SECONDS = 240.0
FILE = Path(__file__).with_name("week.yaml")
KEY, CHANNEL = "key-week", "channel-week"
MOSCOW = ZoneInfo("Europe/Moscow")
#: Of the sources that have orders each day.
ZONES = {"west": MOSCOW, "east": ZoneInfo("Asia/Vladivostok")}
# By Moscow's clock: a working hour in both zones, and night in both.
DAY, NIGHT = 9.2, 22.5
WORKERS = ("tasks-worker", "notifications-worker", "intake-worker", "assignment-worker")
SEED = 20260316
ANNA, BORIS = "anna@post.example", "boris@post.example"
#: Customers who have no phone, by the code of the bot that they write to: of its provider, channel and source.
BOTS = {"telegram": "590000417", "max": "590000418"}
#: Groups of the team that the bots write to, by the same codes; their channels are `team_<code>`.
GROUPS = {"telegram": "-1001000000041", "max": "-71000000000041"}
BLOCKED = "blocked"  # as the stand-in is told to refuse what goes to a person who has blocked the bot
GIVEN, ANSWER = "79007770011", "Позвоним завтра утром"
PRICES, PRICE_LIST = "prices", "Первый визит – 1900 рублей"
OUT_OF_ORDER = "220"  # as SMS.ru says that it cannot send now
HALTED, LONG_PAUSE = "Остановлен канал sms", "пауза дольше положенного"
Json = dict[str, Any]  # what an API answers
# What differs from the playbook of callbacks: what is asked for at night has the time to wait for the morning, who
# can be written to by mail gets an advertisement with the first answer, who has no phone is asked for it and called
# when it comes, and those of the fair get a text message.
NO_PHONE = """  ask_phone:
    title: {ru: Узнать телефон, en: Learn the phone}
    role: supervisor
    pool: callback
    mode: pull
    lane: answers
    due: 5d
    on_assigned: nothing
    outcomes: {refused: {title: {ru: Не дал, en: Refused}, result: failed, then: [end: true]}}
"""
PHONE_COMES = """  lead_updated:
    - when: {customer_has: phone, open: ask_phone}
      then:
        - close: {types: [ask_phone], result: completed, reason: {ru: Телефон назван, en: The phone has come}}
        - message: phone_known
        - open: call_back
"""
BORN = "    - then: [status: new, message: acknowledgement, open: call_back]\n"
CHANGES = (
    ("playbook: callback", "playbook: week"),
    ("deadline: 2h", "deadline: 48h"),
    ("deadline: 12h", "deadline: 48h"),
    ("channels: [whatsapp, sms]", "channels: [telegram, max, whatsapp, email]"),
    (
        "\nattempts:\n",
        "  offer: {template: offer, channels: [email], deadline: 48h}\n"
        "  fair: {template: callback_received, channels: [sms, whatsapp], deadline: 48h, once: true}\n"
        "  ask_phone: {template: ask_phone, channels: [telegram, max], deadline: 48h, once: true}\n"
        "  phone_known: {template: phone_known, channels: [telegram, whatsapp], deadline: 48h, once: true}\n"
        "\nattempts:\n",
    ),
    (
        BORN,
        "    - when: {customer_has: email}\n"
        "      then: [status: new, message: acknowledgement, message: offer, open: call_back]\n"
        "    - {when: {customer_lacks: phone}, then: [status: new, message: ask_phone, open: ask_phone]}\n"
        "    - {when: {source: fair}, then: [status: new, message: fair, open: call_back]}\n" + BORN,
    ),
    ("  number_corrected:", f"{PHONE_COMES}  number_corrected:"),
    ("  late_answer:\n", f"{NO_PHONE}  late_answer:\n"),
    (
        "{when: {open: [call_back, answer, return_call]}",
        "{when: {open: [call_back, answer, return_call, ask_phone]}",
    ),
    ("{when: {open: [call_back, return_call]}", "{when: {open: [call_back, return_call, ask_phone]}"),
)


def written(folder: Path) -> DeskFile:
    """Return the desk."""
    source = (LIBRARY / "callback.yaml").read_text(encoding="utf-8")
    for known, wanted in CHANGES:
        assert known in source
        source = source.replace(known, wanted)
    arrival = (LIBRARY / "arrival.yaml").read_text(encoding="utf-8").replace("pool: sales", "pool: callback")
    for name, text in (("week_playbook", source), ("arrival_playbook", arrival)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "desk.yaml").write_bytes(FILE.read_bytes())
    return read(folder / "desk.yaml", accounts())


def accounts() -> Mapping[str, str]:
    """Return what the desk's file takes from the environment."""
    bots = {bot.code: str(bot.config(bot.demo())["bot_token"]) for bot in (TelegramStandin, MaxStandin)}
    return {
        "WAZZUP_KEY": KEY,
        "WAZZUP_CHANNEL": CHANNEL,
        "SMSRU_ID": SmsRuStandin.school().key,
        "TELEGRAM_TOKEN": bots["telegram"],
        "MAX_TOKEN": bots["max"],
        "BOT_SECRET": DEMO_WEBHOOK_SECRET,
        "TEAM_URL": str(TeamWebhookStandin.config(TeamWebhookStandin.demo())["url"]),
    }


@dataclass
class Week:
    """The desk at work. `jumps`: when the clock was moved, in real time, and its offset from then on."""

    stack: ProcessStack
    hooks: Mapping[str, str]
    tokens: Mapping[str, str]
    staff: Staff
    chance: random.Random
    begins: datetime
    zones: dict[str, ZoneInfo] = field(default_factory=dict)  # of customers, by their number
    by_mail: dict[str, list[UUID]] = field(default_factory=dict)  # leads of customers without a number, by address
    leads: list[UUID] = field(default_factory=list)
    jumps: list[tuple[datetime, timedelta]] = field(default_factory=list)
    stopped: dict[str, datetime] = field(default_factory=dict)  # who wants no more, since when in real time
    unsubscribed: dict[str, datetime] = field(default_factory=dict)  # who wants no advertisements, likewise
    merged: list[str] = field(default_factory=list)  # the customer who stays, then the other
    fair: list[str] = field(default_factory=list)  # numbers of customers of the fair, in the order of their orders
    approvals: list[httpx.Response] = field(default_factory=list)  # by who has proposed, then by their head
    deputised: UUID | None = None  # a lead that came while an operator was absent
    entrusted: list[Json] = field(default_factory=list)  # tasks for an operator who is absent
    given_back: list[Json] = field(default_factory=list)  # these tasks once they were there again

    async def until(self, moment: datetime) -> None:
        """Settle, then move to a moment: what is on its way would arrive at another hour than it left."""
        await settle(self.stack, KILLED_SECONDS)
        self.stack.clock.advance(moment - self.stack.clock.now())
        self.jumps.append((datetime.now(UTC), self.stack.clock.offset))

    async def order(self, source: str) -> str:
        """Let a customer order, and return their number."""
        number = phone_of(len(self.zones) + 1)
        self.zones[number] = ZONES.get(source, MOSCOW)
        order = {"external_id": f"w-{number}", "name": "Рита", "phone": f"+{number}"}
        await self._order(source, order)
        return number

    async def order_by_mail(self, address: str) -> None:
        """Let a customer order who says no number."""
        order = {"external_id": f"m-{len(self.leads)}", "name": "Рита", "email": address}
        self.by_mail.setdefault(address, []).append(await self._order("post", order))

    async def _order(self, source: str, order: Mapping[str, str]) -> UUID:
        headers = {"X-Source-Token": self.tokens[source]}
        answer = await self.stack.client.post(self.hooks[source], json=order, headers=headers)
        assert answer.status_code == httpx.codes.ACCEPTED
        self.leads.append(UUID(answer.json()["lead_id"]))
        return self.leads[-1]

    async def write(self, phone: str, text: str) -> None:
        """Let a customer write."""
        said = {"key": KEY, "chat_id": phone, "name": "Рита", "text": text}
        await self.stack.tell("wazzup", "_inbound", said)

    async def say_stop(self, phone: str) -> None:
        """Let a customer want no more, and wait until that is known everywhere."""
        await self.write(phone, "Стоп")
        await self.remember_stop(phone)

    async def remember_stop(self, whose: str) -> None:
        await settle(self.stack)
        self.stopped[whose] = datetime.now(UTC)

    async def call(self, phone: str) -> None:
        """Let a customer call, and the call be recorded."""
        sound = f"http://127.0.0.1:{self.stack.ports['standins']}/mango/vpbx/recordings/week"
        told = {"kind": "call_in", "at": self.stack.clock.now().isoformat(), "duration": 40, "recording": sound}
        body = {"desk": "week", "source": "west", "phone": f"+{phone}", **told}
        made(await self.stack.client.post("/intake/v1/contacts", json=body, headers=self.stack.token()))

    async def merge(self, *phones: str) -> None:
        """Say that two customers are one."""
        client, admin = self.stack.client, self.stack.token()
        for phone in phones:
            found = await client.get(f"/intake/v1/customers?desk=week&q=%2B{phone}", headers=admin)
            self.merged.append(found.json()["items"][0]["id"])
        winner, loser = self.merged
        merges = [{"winner": winner, "losers": [loser]}]
        body = {"desk": "week", "kind": "customer", "reason": "один человек", "merges": merges}
        receipt = made(await client.post("/intake/v1/merges", json=body, headers=admin))
        seen = {"If-Match": f'"{receipt["version"]}"'}
        made(await client.post(f"/intake/v1/merges/{receipt['id']}/apply", headers={**admin, **seen}))

    async def team_reads_by(self, wanted: str) -> None:
        """Let the team have one channel: its own, or a bot's."""
        for one in await self.items("/notifications/v1/channels"):
            if one["kind"] == "team" and one["active"] != (one["code"] == wanted):
                await self.switch(one, active=one["code"] == wanted)

    async def switch(self, channel: Json, *, active: bool) -> None:
        """Let a channel send, or not."""
        headers = {**self.stack.token(), "If-Match": f'"{channel["version"]}"'}
        path = f"/notifications/v1/channels/{channel['id']}"
        made(await self.stack.client.patch(path, json={"active": active}, headers=headers))

    async def entrust(self, subject: str, title: str, due_at: datetime) -> Json:
        """Give an operator a task by hand."""
        ids = {one["subject"]: one["id"] for one in await self.items("/assignment/v1/operators")}
        asked = {"desk": "week", "title": title, "due_at": due_at.isoformat()}
        body = {**asked, "assignee": {"operator_id": ids[subject]}}
        return made(await self.stack.client.post("/tasks/v1/tasks", json=body, headers=self.stack.token()))

    async def now_of(self, tasks: Sequence[Json]) -> list[Json]:
        """Return tasks as they are now."""
        paths = [f"/tasks/v1/tasks/{task['id']}" for task in tasks]
        return [made(await self.stack.client.get(path, headers=self.stack.token())) for path in paths]

    async def hour(self) -> None:
        """Orders of both zones, customers who write, operators who work, and a worker that dies, by night too."""
        for source in ZONES:
            await self.order(source)
        await self.write(self.chance.choice(list(self.zones)), "Когда позвоните?")
        self.stack.kill(self.chance.choice(WORKERS))
        for subject in self.staff.tokens:
            await self.staff.work_one(subject, self.chance)

    @property
    def post(self) -> Mailboxes:
        return Mailboxes(self.stack)

    @property
    def bots(self) -> Mapping[str, Account]:
        """The bots, by the code of their channel and source."""
        both = TelegramStandin, MaxStandin
        return {bot.code: Account(self.stack, bot, bot.demo_key) for bot in both}

    @property
    def sms(self) -> Account:
        return Account(self.stack, SmsRuStandin, SmsRuStandin.school().key)

    @property
    def team(self) -> Account:
        return Account(self.stack, TeamWebhookStandin, TeamWebhookStandin.demo_key)

    async def unsubscribe(self, address: str) -> None:
        """Let a customer want no more advertisements, and wait until that is known everywhere."""
        await self.post.unsubscribe(address)
        await settle(self.stack)
        self.unsubscribed[address] = datetime.now(UTC)

    def on_whatsapp(self) -> list[Entry]:
        """Return what the messenger has accepted for this desk."""
        with closing(self.stack.journal()) as journal:
            return [entry for entry in journal.entries.values() if entry.key == KEY]

    def accepted(self) -> list[tuple[Entry, datetime]]:
        """Return what was accepted for the customers of this desk, and when by the business clock."""
        mine = [*self.on_whatsapp(), *self.post.mails()]
        for account in (self.sms, *self.bots.values()):
            mine += [entry for entry in account.taken() if entry.chat_id not in GROUPS.values()]
        moments = [moment for moment, _ in self.jumps]
        offsets = [self.jumps[bisect.bisect(moments, entry.accepted_at) - 1][1] for entry in mine]
        return [(entry, entry.accepted_at + offset) for entry, offset in zip(mine, offsets, strict=True)]

    async def items(self, path: str, **params: str) -> list[Json]:
        """Return what a list of this desk has, as an administrator sees it."""
        asked = {"desk": "week", "limit": "200", **params}
        answer = await self.stack.client.get(path, params=asked, headers=self.stack.token())
        found: list[Json] = answer.json()["items"]
        return found

    async def lead_of(self, bot: str) -> Json:
        """Return the lead of who writes to a bot."""
        (lead,) = await self.items("/intake/v1/leads", source=bot)
        return lead

    async def answer(self, bot: str, **given: str) -> httpx.Response:
        """Write to who writes to a bot, in free text or by a template."""
        (thread,) = await self.items("/notifications/v1/conversations", lead_id=(await self.lead_of(bot))["id"])
        path = f"/notifications/v1/conversations/{thread['id']}/messages"
        return await self.stack.client.post(path, json=given, headers=self.stack.token())

    async def raised(self, what: str, state: str = "active") -> list[Json]:
        """Return the tasks of what waits for a person, by words of their titles."""
        found = await self.items("/tasks/v1/tasks", playbook="free", state=state)
        return [task for task in found if what in task["title"]]

    async def do(self, subject: str, path: str, **given: object) -> httpx.Response:
        """Let an operator do something."""
        return await self.staff.call(subject, path, given)


def made(answer: httpx.Response) -> Json:
    """Return what was made."""
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


def phone_of(number: int) -> str:
    """Return the phone of the customer with a number."""
    return f"7900555{number:04d}"


def monday(now: datetime) -> datetime:
    """Return the beginning of the next week in Moscow."""
    local = now.astimezone(MOSCOW)
    return datetime.combine(local.date() + timedelta(days=7 - local.weekday()), time(), MOSCOW)
