"""A week of a desk, by jumps of the clock, under kills, with two workers: nothing twice, nothing at night.

What happens in it: `week_days.py`.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import time
from uuid import UUID

import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy.demo.desk import DemoDesk
from libs.common.contracts import OWNERS
from tests.e2e.test_desk_day import until
from tests.e2e.week import (
    ANNA,
    ANSWER,
    BORIS,
    BOTS,
    GIVEN,
    GROUPS,
    HALTED,
    LONG_PAUSE,
    MOSCOW,
    PRICE_LIST,
    Week,
)
from tests.e2e.week_days import begun, play
from tests.support.checks import violations
from tests.support.facts import Answered
from tests.support.mailboxes import UNKNOWN_USER, link_of
from tests.support.search import tables_with
from tests.support.settle import facts_of
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

OPENS, CLOSES = time(9), time(21)
PUSHES = """
SELECT p.state FROM notifications.push p JOIN notifications.push_subscription s ON s.id = p.subscription_id
"""
BY_BOTS = """
SELECT address, text, count(*) AS every, count(*) FILTER (WHERE state = 'accepted') AS taken
FROM notifications.message
WHERE desk = 'week' AND provider = ANY($1) AND channel <> 'team' AND address IS NOT NULL AND text IS NOT NULL
GROUP BY address, text
"""


@pytest_asyncio.fixture(scope="module")
async def week(
    stack: ProcessStack, desk: DemoDesk, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Week]:
    """The desk after its week."""
    del desk  # the stack has started
    async with stack.administrator() as admin:
        done = await begun(stack, admin, tmp_path_factory.mktemp("week"))
        await play(done)
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
    everybody = {*week.zones, *week.by_mail, *BOTS.values()}
    assert violations(facts) == []
    assert (at_night, {entry.chat_id for entry, _ in accepted}) == ([], everybody)


@pytest.mark.req("P.14")
async def test_who_wants_no_more_gets_no_more(week: Week) -> None:
    last = {entry.chat_id: entry.accepted_at for entry, _ in sorted(week.accepted(), key=lambda one: one[1])}
    refused = await week.answer("max", text=ANSWER)
    assert {who: last[who] < since for who, since in week.stopped.items()} == dict.fromkeys(week.stopped, True)
    assert (len(week.stopped), refused.json()["code"]) == (2, "message_refused")


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
    with closing(week.stack.journal_of("web_push")) as journal:
        taken = journal.entries.values()
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


@pytest.mark.req("P.13", "P.10")
async def test_who_writes_to_a_bot_is_answered_there_and_called_once_their_phone_comes(week: Week) -> None:
    leads = {code: await week.lead_of(code) for code in BOTS}
    tasks = {code: await kinds_of_tasks(week, lead["id"]) for code, lead in leads.items()}
    answers = [[entry.text for entry in week.bots[code].taken(BOTS[code])].count(ANSWER) for code in BOTS]
    assert [lead["person"]["phone"] for lead in leads.values()] == [f"+{GIVEN}", None]
    assert {("answer", "completed"), ("ask_phone", "completed")} <= tasks["telegram"]
    assert {("answer", "completed"), ("ask_phone", "active")} <= tasks["max"]
    # What becomes of the call is the operators' affair.
    assert [any(kind == "call_back" for kind, _ in found) for found in tasks.values()] == [True, False]
    assert answers == [1, 1]


async def kinds_of_tasks(week: Week, lead_id: str) -> set[tuple[str, str]]:
    """Return types and states of a lead's tasks."""
    return {(task["type"], task["state"]) for task in await week.items("/tasks/v1/tasks", lead_id=lead_id)}


@pytest.mark.req("P.1")
async def test_what_goes_by_a_bot_goes_once(week: Week) -> None:
    """A bot's answers bear no key of ours: each text to a customer is counted."""
    conn = await asyncpg.connect(week.stack.database.admin_url)
    try:
        rows = await conn.fetch(BY_BOTS, list(BOTS))
    finally:
        await conn.close()
    asked = {(row["address"], row["text"]): (row["taken"], row["every"]) for row in rows}
    bounds = defaultdict(lambda: (0, 0), asked)
    taken = [entry for bot in week.bots.values() for entry in bot.taken() if entry.chat_id in BOTS.values()]
    sent = Counter((entry.chat_id, entry.text) for entry in taken)
    wrong = {what: sent[what] for what in {*sent, *bounds} if not bounds[what][0] <= sent[what] <= bounds[what][1]}
    assert (wrong, {chat for chat, _ in sent}) == ({}, set(BOTS.values()))


@pytest.mark.req("S4.6")
async def test_the_team_reads_once_of_each_who_has_come(week: Week) -> None:
    assert Counter(entry.text for entry in week.team.taken()) == {"Зоя на месте": 1, "Павел на месте": 1}
    by_bots = {code: [entry.text for entry in week.bots[code].taken(group)] for code, group in GROUPS.items()}
    assert by_bots == {"telegram": ["Зоя на месте"], "max": ["Павел на месте"]}


@pytest.mark.req("P.10", "S2.4")
async def test_who_has_blocked_a_bot_is_written_to_once_by_the_next_channel(
    week: Week, admin: httpx.AsyncClient
) -> None:
    lead = await week.lead_of("telegram")
    found = await admin.get("/notifications/v1/messages", params={"lead_id": lead["id"]})
    (message,) = [one for one in found.json()["items"] if one["template"] == "phone_known"]
    texts = Counter(entry.text for entry in week.on_whatsapp() if entry.chat_id == GIVEN)
    assert (message["provider"], [one["code"] for one in message["passed"]]) == ("wazzup", ["bot_blocked"])
    assert texts[message["text"]] == 1


@pytest.mark.req("P.12")
async def test_a_channel_that_died_was_told_and_passed_once_and_is_used_again_when_it_is_mended(week: Week) -> None:
    on_whatsapp = Counter(entry.chat_id for entry in week.on_whatsapp() if "принята" in entry.text)
    *passed, last = week.fair
    assert {number: on_whatsapp[number] for number in week.fair} == {**dict.fromkeys(passed, 1), last: 0}
    assert [entry.chat_id for entry in week.sms.taken()] == [last]
    assert len(await until(lambda: week.raised(HALTED, "completed"))) == 1


@pytest.mark.req("S2.5")
async def test_a_template_is_used_once_the_head_of_who_proposed_it_approves_it(week: Week) -> None:
    own, head = week.approvals
    texts = [entry.text for entry in week.bots["max"].taken(BOTS["max"])]
    assert (own.json()["code"], head.json()["state"], texts.count(PRICE_LIST)) == ("head_approves", "approved", 1)


@pytest.mark.req("S2.2")
async def test_a_pause_that_was_too_long_was_told_and_is_over(week: Week) -> None:
    told = await until(lambda: week.raised(LONG_PAUSE, "completed"))
    assert ([task["title"] for task in told], await week.raised(LONG_PAUSE)) == ([f"Павел: {LONG_PAUSE}"], [])


@pytest.mark.req("S2.2")
async def test_who_is_on_leave_is_given_nothing(week: Week) -> None:
    *_, first = await week.items("/assignment/v1/decisions", lead_id=str(week.deputised))
    (zoya,) = [one for one in first["candidates"] if one["operator_name"] == "Зоя"]
    assert (zoya["chosen"], "absent" in {reason["code"] for reason in zoya["reasons"]}) == (False, True)


@pytest.mark.req("S2.2")
async def test_a_deputy_has_the_tasks_of_who_is_on_leave_and_gives_back_what_is_not_begun(week: Week) -> None:
    ids = {one["subject"]: one["id"] for one in await week.items("/assignment/v1/operators")}
    kept = [task["taken_at"] for task in week.given_back if task["operator_id"] != ids["zoya"]]
    assert {task["operator_id"] for task in week.entrusted} == {ids["pavel"]}
    assert (len(kept) < len(week.entrusted), None in kept) == (True, False)


@pytest.mark.req("P.7")
@pytest.mark.parametrize("by", ["number", "mail", "bot"])
async def test_an_erasure_leaves_no_trace_in_four_schemas(week: Week, admin: httpx.AsyncClient, by: str) -> None:
    known, sought = whom_to_erase(week, by)
    leads = await week.items("/intake/v1/leads", **sought)
    before = await mentioned(week.stack, *known)
    path = f"/intake/v1/customers/{leads[0]['customer_id']}/erasure"
    ledger = (await admin.post(path, json={"reason": "request"})).headers["location"]

    async def is_done() -> bool:
        return bool((await admin.get(ledger)).json()["state"] == "done")

    await until(is_done)
    assert {"intake.customer_identity", "tasks.process", "notifications.message"} <= before
    assert await mentioned(week.stack, *known) == set()


def whom_to_erase(week: Week, by: str) -> tuple[list[str], dict[str, str]]:
    """Return what a customer is known by, and what finds their lead."""
    number = list(week.zones)[1]
    return {
        "number": ([number], {"q": f"+{number}"}),
        "mail": ([ANNA], {"q": ANNA}),
        "bot": ([BOTS["telegram"], GIVEN], {"source": "telegram"}),
    }[by]


async def mentioned(stack: ProcessStack, *words: str) -> set[str]:
    """Return the tables of all services that have one of these words in any column."""
    conn = await asyncpg.connect(stack.database.admin_url)
    try:
        return {f"{owner}.{table}" for owner in OWNERS for table in await tables_with(conn, owner, *words)}
    finally:
        await conn.close()
