"""A week of a desk, by jumps of the clock, under kills, with two workers: nothing twice, nothing at night.

A browser takes pushes, a call is recorded and listened to, two customers turn out to be one. Others are written to
by mail: one answers and unsubscribes, the mails of the other come back.
"""

import bisect
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy.demo.desk import DemoDesk, put_to_work
from deploy.standins.journal import Entry, Journal
from libs.common.contracts import OWNERS
from libs.common.deskfile.reading import DeskFile, read
from tests.e2e.test_desk_day import until
from tests.support.browser import Browser
from tests.support.checks import violations
from tests.support.facts import Answered
from tests.support.mailboxes import UNKNOWN_USER, Mailboxes, link_of
from tests.support.search import tables_with
from tests.support.settle import facts_of, settle
from tests.support.stack import ProcessStack
from tests.support.staff import Staff
from tests.tasks.support import LIBRARY

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

FILE = Path(__file__).with_name("week.yaml")
KEY, CHANNEL = "key-week", "channel-week"
MOSCOW = ZoneInfo("Europe/Moscow")
ZONES = {"west": MOSCOW, "east": ZoneInfo("Asia/Vladivostok")}
OPENS, CLOSES = time(9), time(21)
# By Moscow's clock: a working hour in both zones, and night in both.
HOURS = (9.2, 22.5)
WORKERS = ("tasks-worker", "notifications-worker", "intake-worker", "assignment-worker")
SEED = 20260316
PUSHES = """
SELECT p.state FROM notifications.push p JOIN notifications.push_subscription s ON s.id = p.subscription_id
"""
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = range(4)
ANNA, BORIS = "anna@post.example", "boris@post.example"
# What differs from the playbook of callbacks: what is asked for at night has the time to wait for the morning, and
# who can be written to by mail gets an advertisement with the first answer.
CHANGES = (
    ("playbook: callback", "playbook: week"),
    ("deadline: 2h", "deadline: 48h"),
    ("deadline: 12h", "deadline: 48h"),
    ("channels: [whatsapp, sms]", "channels: [whatsapp, sms, email]"),
    ("\nattempts:\n", "  offer: {template: offer, channels: [email], deadline: 48h}\n\nattempts:\n"),
    (
        "    - then: [status: new, message: acknowledgement, open: call_back]\n",
        "    - when: {customer_has: email}\n"
        "      then: [status: new, message: acknowledgement, message: offer, open: call_back]\n"
        "    - then: [status: new, message: acknowledgement, open: call_back]\n",
    ),
)


def written(folder: Path) -> DeskFile:
    """Return the desk."""
    source = (LIBRARY / "callback.yaml").read_text(encoding="utf-8")
    for known, wanted in CHANGES:
        assert known in source
        source = source.replace(known, wanted)
    (folder / "week_playbook.yaml").write_text(source, encoding="utf-8")
    (folder / "desk.yaml").write_bytes(FILE.read_bytes())
    return read(folder / "desk.yaml", {"WAZZUP_KEY": KEY, "WAZZUP_CHANNEL": CHANNEL})


@dataclass
class Week:
    """The desk at work. `jumps`: when the clock was moved, in real time, and its offset from then on."""

    stack: ProcessStack
    hooks: Mapping[str, str]
    tokens: Mapping[str, str]
    staff: Staff
    chance: random.Random
    zones: dict[str, ZoneInfo] = field(default_factory=dict)  # of customers, by their number
    by_mail: dict[str, list[UUID]] = field(default_factory=dict)  # leads of customers without a number, by address
    leads: list[UUID] = field(default_factory=list)
    jumps: list[tuple[datetime, timedelta]] = field(default_factory=list)
    stopped: dict[str, datetime] = field(default_factory=dict)  # who wants no more, since when in real time
    unsubscribed: dict[str, datetime] = field(default_factory=dict)  # who wants no advertisements, likewise
    merged: list[str] = field(default_factory=list)  # the customer who stays, then the other

    async def until(self, moment: datetime) -> None:
        """Settle, then move to a moment: what is on its way would arrive at another hour than it left."""
        await settle(self.stack)
        self.stack.clock.advance(moment - self.stack.clock.now())
        self.jumps.append((datetime.now(UTC), self.stack.clock.offset))

    async def order(self, source: str) -> None:
        number = len(self.zones) + 1
        phone = f"+7900555{number:04d}"
        self.zones[phone.removeprefix("+")] = ZONES[source]
        await self._order(source, {"external_id": f"w-{number}", "name": "Рита", "phone": phone})

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
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.stack.ports['standins']}") as provider:
            assert (await provider.post("/wazzup/_inbound", json=said)).status_code == httpx.codes.ACCEPTED

    async def say_stop(self, phone: str) -> None:
        """Let a customer want no more, and wait until that is known everywhere."""
        await self.write(phone, "Стоп")
        await settle(self.stack)
        self.stopped[phone] = datetime.now(UTC)

    async def leave(self, who: str, deputy: str, day: date) -> None:
        """Plan a day's absence of an operator."""
        found = await self.stack.client.get("/assignment/v1/operators?desk=week", headers=self.stack.token())
        ids = {one["subject"]: one["id"] for one in found.json()["items"]}
        body = {"operator_id": ids[who], "deputy_id": ids[deputy], "reason": "отпуск"}
        days = {"first_day": day.isoformat(), "last_day": day.isoformat()}
        answer = await self.stack.client.post(
            "/assignment/v1/absences", json={**body, **days}, headers=self.stack.token()
        )
        assert answer.status_code == httpx.codes.CREATED, answer.text

    async def call(self, phone: str) -> None:
        """Let a customer call, and the call be recorded."""
        sound = f"http://127.0.0.1:{self.stack.ports['standins']}/mango/vpbx/recordings/week"
        told = {"kind": "call_in", "at": self.stack.clock.now().isoformat(), "duration": 40, "recording": sound}
        body = {"desk": "week", "source": "west", "phone": f"+{phone}", **told}
        answer = await self.stack.client.post("/intake/v1/contacts", json=body, headers=self.stack.token())
        assert answer.status_code == httpx.codes.CREATED, answer.text

    async def merge(self, *phones: str) -> None:
        """Say that two customers are one."""
        client, admin = self.stack.client, self.stack.token()
        for phone in phones:
            found = await client.get(f"/intake/v1/customers?desk=week&q=%2B{phone}", headers=admin)
            self.merged.append(found.json()["items"][0]["id"])
        winner, loser = self.merged
        body = {
            "desk": "week",
            "kind": "customer",
            "reason": "один человек",
            "merges": [{"winner": winner, "losers": [loser]}],
        }
        planned = await client.post("/intake/v1/merges", json=body, headers=admin)
        assert planned.is_success, planned.text
        receipt = planned.json()
        seen = {"If-Match": f'"{receipt["version"]}"'}
        applied = await client.post(f"/intake/v1/merges/{receipt['id']}/apply", headers={**admin, **seen})
        assert applied.is_success, applied.text

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

    async def unsubscribe(self, address: str) -> None:
        """Let a customer want no more advertisements, and wait until that is known everywhere."""
        await self.post.unsubscribe(address)
        await settle(self.stack)
        self.unsubscribed[address] = datetime.now(UTC)

    def accepted(self) -> list[tuple[Entry, datetime]]:
        """Return what messenger and relay have accepted for this desk, and when by the business clock."""
        with closing(self.stack.journal()) as journal:
            mine = [entry for entry in journal.entries.values() if entry.key == KEY]
        mine += self.post.mails()
        moments = [moment for moment, _ in self.jumps]
        offsets = [self.jumps[bisect.bisect(moments, entry.accepted_at) - 1][1] for entry in mine]
        return [(entry, entry.accepted_at + offset) for entry, offset in zip(mine, offsets, strict=True)]


async def begun(stack: ProcessStack, admin: httpx.AsyncClient, folder: Path) -> Week:
    """Put the desk to work, with a second worker of the services that send and decide."""
    await stack.open_account(KEY, CHANNEL)
    outcome = await put_to_work(admin, written(folder))
    await Mailboxes(stack).open_channel("week")
    await until(partial(Mailboxes(stack).give_to, "week", "post"))
    for service in ("tasks", "notifications"):
        await stack.start_second(service)
    tokens = {subject: stack.issuer.token(subject, ["operator"], ["week"]) for subject in ("zoya", "pavel")}
    browser = Browser(f"http://127.0.0.1:{stack.ports['standins']}/web_push/send/zoya").subscription
    auth = {"Authorization": f"Bearer {tokens['zoya']}"}

    async def is_known() -> bool:
        put = await stack.client.put("/notifications/v1/push-subscriptions", json=browser, headers=auth)
        return put.is_success

    await until(is_known)
    said, secrets = outcome.said("intake", "hooks"), outcome.said("intake", "secrets")
    hooks, keys = ({source: str(each[source]) for source in (*ZONES, "post")} for each in (said, secrets))
    staff, chance = Staff(stack.client, tokens, SEED), random.Random(SEED)  # noqa: S311 - repeatable
    return Week(stack, hooks, keys, staff, chance)


def monday(now: datetime) -> datetime:
    """Return the beginning of the next week in Moscow."""
    local = now.astimezone(MOSCOW)
    return datetime.combine(local.date() + timedelta(days=7 - local.weekday()), time(), MOSCOW)


async def write_and_read(week: Week, day: int) -> None:
    """Let those who have no number do what they do at the end of a day, when it is night."""
    if day == MONDAY:
        await week.post.close(BORIS)
    if day in (MONDAY, THURSDAY):
        for address in (ANNA, BORIS):
            await week.order_by_mail(address)
    if day == TUESDAY:
        await week.post.write(ANNA, "Можно завтра?")
    if day == WEDNESDAY:
        await week.unsubscribe(ANNA)


@pytest_asyncio.fixture(scope="module")
async def week(
    stack: ProcessStack, desk: DemoDesk, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Week]:
    """The desk after its week.

    On Tuesday a call was recorded and two customers were one, on Wednesday a customer wanted no more, on Thursday
    an operator was on leave. What those did meanwhile who are written to by mail: `write_and_read`.
    """
    del desk  # the stack has started
    async with stack.administrator() as admin:
        done = await begun(stack, admin, tmp_path_factory.mktemp("week"))
        begins = monday(stack.clock.now())
        for day in range(7):
            for hour in HOURS:
                await done.until(begins + timedelta(days=day, hours=hour))
                await done.hour()
            await write_and_read(done, day)
            if day == TUESDAY:
                await done.call(list(done.zones)[2])
                await done.merge(*list(done.zones)[3:5])
            if day == WEDNESDAY:
                await done.say_stop(next(iter(done.zones)))
                await done.leave("zoya", "pavel", begins.date() + timedelta(days=day + 1))
        await done.until(begins + timedelta(days=7, hours=9.5))
        yield done


@pytest.mark.req("P.1", "P.10", "S0.3", "S2.2", "S2.9")
async def test_nothing_is_lost_or_doubled_and_nothing_goes_at_night(week: Week) -> None:
    facts = await facts_of(week.stack, Answered(week.leads, week.staff.outcomes))
    accepted = week.accepted()
    at_night = [
        (entry.text, moment)
        for entry, moment in accepted
        if not OPENS <= moment.astimezone(week.zones.get(entry.chat_id, MOSCOW)).time() < CLOSES
    ]
    assert violations(facts) == []
    assert (at_night, {entry.chat_id for entry, _ in accepted}) == ([], {*week.zones, *week.by_mail})


@pytest.mark.req("P.14")
async def test_who_wants_no_more_gets_no_more(week: Week) -> None:
    ((phone, since),) = week.stopped.items()
    theirs = [entry.accepted_at for entry, _ in week.accepted() if entry.chat_id == phone]
    assert max(theirs) < since


async def messages_of(admin: httpx.AsyncClient, lead_id: UUID) -> dict[str, tuple[str, str | None]]:
    """Return state and code of a lead's messages, by template."""
    found = await admin.get("/notifications/v1/messages", params={"lead_id": str(lead_id)})
    return {one["template"]: (one["state"], one["code"]) for one in found.json()["items"]}


@pytest.mark.req("P.14")
async def test_a_link_ends_advertisements_and_what_was_ordered_is_still_written_of(
    week: Week, admin: httpx.AsyncClient
) -> None:
    first, second = [await messages_of(admin, lead_id) for lead_id in week.by_mail[ANNA]]
    mails = [(mail.accepted_at > week.unsubscribed[ANNA], bool(link_of(mail))) for mail in week.post.mails(ANNA)]
    later = [is_advert for is_later, is_advert in mails if is_later]
    # A kill between the relay's answer and its record leaves them unknown: they are not sent twice.
    assert {first["offer"][0], second["callback_received"][0]} <= {"accepted", "unknown"}
    assert second["offer"] == ("failed", "opted_out")
    assert (bool(later), any(later)) == (True, False)  # one, and another where a call found nobody


@pytest.mark.req("P.13")
async def test_what_a_customer_answers_by_mail_is_of_their_lead(week: Week, admin: httpx.AsyncClient) -> None:
    whose = {"customer_id": (await admin.get(f"/intake/v1/leads/{week.by_mail[ANNA][0]}")).json()["customer_id"]}
    (heard,) = (await admin.get("/notifications/v1/received-messages", params=whose)).json()["items"]
    tasks = (await admin.get("/tasks/v1/tasks", params={"lead_id": heard["lead_id"]})).json()["items"]
    assert (heard["channel"], heard["text"]) == ("email", "Можно завтра?")
    assert "answer" in {task["type"] for task in tasks}


@pytest.mark.req("P.14", "P.10")
async def test_who_cannot_be_reached_by_mail_is_not_written_to_again(week: Week, admin: httpx.AsyncClient) -> None:
    first, second = [await messages_of(admin, lead_id) for lead_id in week.by_mail[BORIS]]
    assert first["callback_received"] == ("failed", f"smtp_{UNKNOWN_USER}")
    assert second["callback_received"] == ("failed", "unreachable")
    # Those that were on their way when the first came back: of both orders, and of a call that found nobody.
    assert 1 <= len(week.post.mails(BORIS)) <= 3


@pytest.mark.req("S0.3")
async def test_each_new_task_is_pushed_and_every_push_ends(week: Week) -> None:
    conn = await asyncpg.connect(week.stack.database.admin_url)
    try:
        rows = await conn.fetch(PUSHES)
    finally:
        await conn.close()
    taken = Journal.read(week.stack.journal_path.with_name("web_push.jsonl")).entries.values()
    states = {row["state"] for row in rows}
    assert (states <= {"accepted", "refused", "unknown"}, "accepted" in states) == (True, True), states
    assert "zoya" in {entry.chat_id for entry in taken}


@pytest.mark.req("P.11", "P.7")
async def test_a_recorded_call_is_listened_to_and_who_did_is_known(week: Week, admin: httpx.AsyncClient) -> None:
    calls = (await admin.get("/intake/v1/contacts", params={"desk": "week", "kind": "call_in"})).json()["items"]
    link = await admin.get(calls[0]["recording"])
    played = await admin.get(link.json()["url"])
    log = (await admin.get("/intake/v1/audit", params={"customer_id": calls[0]["customer_id"]})).json()["items"]
    assert (len(calls), played.status_code, len(played.content) > 0) == (1, 200, True)
    assert {"get_contact_recording", "play_recording"} <= {row["operation"] for row in log}


@pytest.mark.req("P.15", "P.10")
async def test_customers_who_are_one_have_one_card_and_one_conversation(
    week: Week, admin: httpx.AsyncClient
) -> None:
    winner, loser = week.merged
    cards = [(await admin.get(f"/intake/v1/customers/{one}")).json() for one in (winner, loser)]
    threads = [await admin.get(f"/notifications/v1/conversations/{one}") for one in (winner, loser)]
    assert [card["id"] for card in cards] == [winner] * 2
    assert len({(thread.status_code, thread.json().get("id")) for thread in threads}) == 1


@pytest.mark.req("P.7")
@pytest.mark.parametrize("by", ["number", "mail"])
async def test_an_erasure_leaves_no_trace_in_four_schemas(week: Week, admin: httpx.AsyncClient, by: str) -> None:
    known = list(week.zones)[1] if by == "number" else ANNA
    sought = {"q": f"+{known}" if by == "number" else known, "desk": "week"}
    leads = (await admin.get("/intake/v1/leads", params=sought)).json()["items"]
    before = await mentioned(week.stack, known)
    path = f"/intake/v1/customers/{leads[0]['customer_id']}/erasure"
    ledger = (await admin.post(path, json={"reason": "request"})).headers["location"]

    async def is_done() -> bool:
        return bool((await admin.get(ledger)).json()["state"] == "done")

    await until(is_done)
    assert {"intake.lead", "tasks.process", "notifications.message"} <= before
    assert await mentioned(week.stack, known) == set()


async def mentioned(stack: ProcessStack, word: str) -> set[str]:
    """Return the tables of all services that have a word in any column."""
    conn = await asyncpg.connect(stack.database.admin_url)
    try:
        return {f"{owner}.{table}" for owner in OWNERS for table in await tables_with(conn, owner, word)}
    finally:
        await conn.close()
