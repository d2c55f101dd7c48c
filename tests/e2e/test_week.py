"""A week of a desk, by jumps of the clock, under kills, with two workers: nothing twice, nothing at night.

A browser takes pushes, a call is recorded and listened to, two customers turn out to be one.
"""

import bisect
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
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
TUESDAY, WEDNESDAY = 1, 2


def written(folder: Path) -> DeskFile:
    """Return the desk; what is asked for at night has the time to wait for the morning."""
    source = (
        (LIBRARY / "callback.yaml").read_text(encoding="utf-8").replace("playbook: callback", "playbook: week", 1)
    )
    for hours in ("deadline: 2h", "deadline: 12h"):
        source = source.replace(hours, "deadline: 48h")
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
    leads: list[UUID] = field(default_factory=list)
    jumps: list[tuple[datetime, timedelta]] = field(default_factory=list)
    stopped: dict[str, datetime] = field(default_factory=dict)  # who wants no more, since when in real time
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
        order = {"external_id": f"w-{number}", "name": "Рита", "phone": phone}
        headers = {"X-Source-Token": self.tokens[source]}
        answer = await self.stack.client.post(self.hooks[source], json=order, headers=headers)
        assert answer.status_code == httpx.codes.ACCEPTED
        self.leads.append(UUID(answer.json()["lead_id"]))

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
        """Orders of both zones, customers who write, operators who work, and by day a worker that dies."""
        for source in ZONES:
            await self.order(source)
        await self.write(self.chance.choice(list(self.zones)), "Когда позвоните?")
        if OPENS <= self.stack.clock.now().astimezone(MOSCOW).time() < CLOSES:
            self.stack.kill(self.chance.choice(WORKERS))
        for subject in self.staff.tokens:
            await self.staff.work_one(subject, self.chance)

    def accepted(self) -> list[tuple[Entry, datetime]]:
        """Return what the provider has accepted for this desk, and when by the business clock."""
        with closing(self.stack.journal()) as journal:
            mine = [entry for entry in journal.entries.values() if entry.key == KEY]
        moments = [moment for moment, _ in self.jumps]
        offsets = [self.jumps[bisect.bisect(moments, entry.accepted_at) - 1][1] for entry in mine]
        return [(entry, entry.accepted_at + offset) for entry, offset in zip(mine, offsets, strict=True)]


async def begun(stack: ProcessStack, admin: httpx.AsyncClient, folder: Path) -> Week:
    """Put the desk to work, with a second worker of the services that send and decide."""
    await stack.open_account(KEY, CHANNEL)
    outcome = await put_to_work(admin, written(folder))
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
    hooks, keys = ({source: str(each[source]) for source in ZONES} for each in (said, secrets))
    staff, chance = Staff(stack.client, tokens, SEED), random.Random(SEED)  # noqa: S311 - repeatable
    return Week(stack, hooks, keys, staff, chance)


def monday(now: datetime) -> datetime:
    """Return the beginning of the next week in Moscow."""
    local = now.astimezone(MOSCOW)
    return datetime.combine(local.date() + timedelta(days=7 - local.weekday()), time(), MOSCOW)


@pytest_asyncio.fixture(scope="module")
async def week(
    stack: ProcessStack, desk: DemoDesk, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Week]:
    """The desk after its week.

    On Tuesday a call was recorded and two customers were one, on Wednesday a customer wanted no more, on Thursday
    an operator was on leave.
    """
    del desk  # the stack has started
    async with stack.administrator() as admin:
        done = await begun(stack, admin, tmp_path_factory.mktemp("week"))
        begins = monday(stack.clock.now())
        for day in range(7):
            for hour in HOURS:
                await done.until(begins + timedelta(days=day, hours=hour))
                await done.hour()
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
        if not OPENS <= moment.astimezone(week.zones[entry.chat_id]).time() < CLOSES
    ]
    assert violations(facts) == []
    assert (at_night, len({entry.chat_id for entry, _ in accepted})) == ([], len(week.zones))


@pytest.mark.req("P.14")
async def test_who_wants_no_more_gets_no_more(week: Week) -> None:
    ((phone, since),) = week.stopped.items()
    theirs = [entry.accepted_at for entry, _ in week.accepted() if entry.chat_id == phone]
    assert max(theirs) < since


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
async def test_an_erasure_leaves_no_trace_in_four_schemas(week: Week, admin: httpx.AsyncClient) -> None:
    number = list(week.zones)[1]
    leads = (await admin.get("/intake/v1/leads", params={"q": f"+{number}", "desk": "week"})).json()["items"]
    before = await mentioned(week.stack, number)
    path = f"/intake/v1/customers/{leads[0]['customer_id']}/erasure"
    ledger = (await admin.post(path, json={"reason": "request"})).headers["location"]

    async def is_done() -> bool:
        return bool((await admin.get(ledger)).json()["state"] == "done")

    await until(is_done)
    assert {"intake.lead", "tasks.process", "notifications.message"} <= before
    assert await mentioned(week.stack, number) == set()


async def mentioned(stack: ProcessStack, word: str) -> set[str]:
    """Return the tables of all services that have a word in any column."""
    conn = await asyncpg.connect(stack.database.admin_url)
    try:
        return {f"{owner}.{table}" for owner in OWNERS for table in await tables_with(conn, owner, word)}
    finally:
        await conn.close()
