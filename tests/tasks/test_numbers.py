"""Numbers of people (S4.7): taken into work by first contact, paid, conversion, corridor, answers; by events."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts.intake import ContactRecorded, LeadStatusChanged
from libs.common.contracts.notifications import MessageSent
from libs.common.contracts.shared import ContactKind, Direction, OrderStatus, Signal, Stage
from libs.common.platform.ids import uuid7
from services.tasks.numbers.actions import rebuild
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, contact, lead
from tests.tasks.inbox import Inbox
from tests.tasks.subjects import order_changed
from tests.tasks.test_merges import merge

CORRIDOR = timedelta(minutes=20)
DAY = {"day_from": "2026-03-02", "day_to": "2026-03-02"}
MARCH = {"day_from": "2026-03-01", "day_to": "2026-03-31"}
YEAR = {"day_from": "2026-01-15", "day_to": "2026-12-20"}


async def numbers(api: Api, days: dict[str, str] = DAY, **asked: str | list[str]) -> Json:
    params = {"desk": "demo", **days, **asked}
    answer = await api.call("GET", "/reports/conversion", role="supervisor", params=params)
    found: Json = answer.json()
    return found


async def of_anna(api: Api, *names: str, days: dict[str, str] = DAY) -> list[object]:
    rows = [row for row in (await numbers(api, days))["rows"] if row["operator_id"] == str(ANNA_ID)]
    return [rows[0][name] for name in names] if rows else []


async def taken(desk: Desk, api: Api, sub: str = "anna", **call: object) -> Json:
    """An order that somebody has taken into work by a call without an answer."""
    task = await api.task(await order(desk))
    found = (await api.call("POST", f"/tasks/{task['id']}/take", sub=sub)).json()
    await api.outcome(found, "no_answer", sub, call_made=True, problem="busy", **call)
    held: Json = found
    return held


async def order(desk: Desk, after: timedelta = CORRIDOR, *signals: Signal) -> UUID:
    lead_id = await desk.lead("school", *signals)
    await desk.pass_time(after)
    return lead_id


def called(desk: Desk, lead_id: object, ago: int = 0, **changes: object) -> ContactRecorded:
    at = desk.clock.now() - timedelta(minutes=ago)
    known = {"kind": ContactKind.CALL_OUT, "direction": Direction.OUT, "at": at, "operator_id": ANNA_ID}
    return contact(**{**known, "lead_id": lead_id, **changes})


async def paid(desk: Desk, lead_id: object) -> None:
    process = await desk.ctx.db.pool.fetchval("SELECT facts FROM process WHERE lead_id = $1", UUID(str(lead_id)))
    await desk.receive(order_changed(UUID(str(lead_id)), OrderStatus.PAID, UUID(process["order_id"])))


def moved(lead_id: object, status: str, stage: Stage) -> LeadStatusChanged:
    return LeadStatusChanged(
        lead_id=UUID(str(lead_id)), from_status=None, to_status=status, stage=stage, actor="ann", reason="test"
    )


@pytest.mark.req("S4.7", "S4.3")
async def test_a_click_takes_nothing_into_work_and_the_first_contact_does(desk: Desk, api: Api) -> None:
    task = await api.task(await order(desk))
    await api.call("POST", f"/tasks/{task['id']}/take")
    assert (await numbers(api))["rows"] == []
    await desk.receive(called(desk, task["lead_id"]))
    found = await numbers(api)
    assert [found["totals"][name] for name in ("taken", "paid", "conversion", "calls")] == [1, 0, 0.0, 1]
    assert (found["rows"][0]["operator_id"], found["rows"][0]["operator_name"]) == (str(ANNA_ID), "Anna")


@pytest.mark.req("S4.7")
async def test_conversion_is_paid_of_taken_on_the_day_of_taking_whenever_the_payment_comes(
    desk: Desk, api: Api
) -> None:
    tasks = [await taken(desk, api) for _ in range(2)]
    await desk.pass_time(timedelta(days=3))
    await paid(desk, tasks[0]["lead_id"])
    assert await of_anna(api, "taken", "paid", "conversion", "wins") == [2, 1, 0.5, 0]
    later = {"day_from": "2026-03-05", "day_to": "2026-03-05"}
    assert await of_anna(api, "taken", "paid", "wins", days=later) == [0, 0, 1]
    assert [await of_anna(api, "taken", "paid", "wins", days=days) for days in (MARCH, YEAR)] == [[2, 1, 1]] * 2


@pytest.mark.req("S4.7")
async def test_a_payment_that_is_taken_back_counts_no_more(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await paid(desk, task["lead_id"])
    await desk.receive(moved(task["lead_id"], "in_work", Stage.WORKING))
    assert await of_anna(api, "taken", "paid", "conversion", "wins") == [1, 0, 0.0, 0]
    await desk.receive(moved(task["lead_id"], "refused", Stage.LOST))
    assert await of_anna(api, "taken", "paid", "lost") == [1, 0, 1]


@pytest.mark.req("S4.7")
async def test_what_was_paid_without_anybody_s_work_is_nobody_s(desk: Desk, api: Api) -> None:
    lead_id = await order(desk, timedelta(minutes=5))
    await paid(desk, lead_id)
    await desk.pass_time(timedelta(minutes=1))
    await desk.receive(called(desk, lead_id))
    found = await numbers(api)
    rows = [[row["operator_id"], row["taken"], row["alone"], row["calls"]] for row in found["rows"]]
    assert rows == [[None, 0, 1, 0], [str(ANNA_ID), 0, 0, 1]]


@pytest.mark.req("S4.7")
async def test_who_took_an_order_keeps_it_when_its_owner_changes(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.receive(called(desk, task["lead_id"], operator_id=BORIS_ID))
    await paid(desk, task["lead_id"])
    rows = {row["operator_id"]: (row["taken"], row["paid"], row["calls"]) for row in (await numbers(api))["rows"]}
    assert rows == {str(ANNA_ID): (1, 1, 0), str(BORIS_ID): (0, 0, 1)}


@pytest.mark.req("S4.7")
async def test_an_earlier_contact_that_is_heard_of_late_moves_the_order_to_who_made_it(
    desk: Desk, api: Api
) -> None:
    task = await taken(desk, api)
    await desk.receive(called(desk, task["lead_id"], ago=5, operator_id=BORIS_ID))
    rows = {row["operator_id"]: row["taken"] for row in (await numbers(api))["rows"]}
    assert rows == {str(ANNA_ID): 0, str(BORIS_ID): 1}


@pytest.mark.req("S4.7", "S4.4")
@pytest.mark.parametrize(("minutes", "kept"), [(15, [1, 0]), (16, [0, 1])])
async def test_the_corridor_is_kept_by_a_first_contact_before_the_breach(
    desk: Desk, api: Api, minutes: int, kept: list[int]
) -> None:
    lead_id = await order(desk)
    await desk.pass_time(timedelta(minutes=minutes))
    await desk.receive(called(desk, lead_id))
    assert await of_anna(api, "kept", "late") == kept


def written(desk: Desk, lead_id: UUID) -> MessageSent:
    return MessageSent(
        message_id=uuid7(), lead_id=lead_id, actor="anna", operator_id=ANNA_ID, template="free_text",
        purpose="free", channel="whatsapp", provider="wazzup", template_version=0, at=desk.clock.now(),
    )  # fmt: skip


@pytest.mark.req("S4.7")
@pytest.mark.parametrize("reply_first", [False, True])
async def test_an_answer_takes_from_the_message_to_the_reply_whichever_is_heard_of_first(
    desk: Desk, api: Api, reply_first: bool
) -> None:
    lead_id = await order(desk)
    asked = called(
        desk, lead_id, kind=ContactKind.MESSAGE, direction=Direction.IN, operator_id=None, message_id=uuid7()
    )
    desk.clock.advance(timedelta(minutes=4))
    heard = [asked, written(desk, lead_id)]
    for each in reversed(heard) if reply_first else heard:
        await desk.receive(each)
    assert await of_anna(api, "answers", "answer_seconds", "taken") == [1, 240.0, 1]


@pytest.mark.req("S4.7", "S2.9")
async def test_an_answer_written_of_another_order_counts_once_and_takes_neither(desk: Desk, api: Api) -> None:
    """What was asked about the earlier order is answered in the conversation, which is of the later one."""
    customer_id = uuid7()
    orders = [lead("school").model_copy(update={"customer_id": customer_id}) for _ in range(2)]
    await desk.receive(*orders)
    earlier, later = (each.lead_id for each in orders)
    said: dict[str, Any] = {
        "kind": ContactKind.MESSAGE,
        "direction": Direction.IN,
        "operator_id": None,
        "message_id": uuid7(),
    }
    await desk.receive(called(desk, earlier, **said))
    await desk.pass_time(timedelta(minutes=4))
    await desk.receive(written(desk, later).model_copy(update={"customer_id": customer_id}))
    assert await of_anna(api, "answers", "answer_seconds", "taken") == [1, 240.0, 1]


@pytest.mark.req("S4.7")
async def test_an_answer_counts_for_a_week_at_most_and_many_of_them_add_up(desk: Desk, api: Api) -> None:
    for _ in range(2):
        lead_id = await order(desk)
        since = desk.clock.now() - timedelta(days=365 * 60)
        said: dict[str, Any] = {
            "kind": ContactKind.MESSAGE,
            "direction": Direction.IN,
            "operator_id": None,
            "message_id": uuid7(),
        }
        await desk.receive(called(desk, lead_id, **said, at=since), written(desk, lead_id))
    assert await of_anna(api, "answers", "answer_seconds") == [2, 7 * 86_400.0]
    await desk.ctx.db.pool.execute("UPDATE numbers SET answer_seconds = 2147483647")
    await desk.pass_time(timedelta(minutes=1))
    await desk.receive(called(desk, lead_id, **{**said, "message_id": uuid7()}))
    await desk.pass_time(timedelta(minutes=1))
    await desk.receive(written(desk, lead_id))
    assert await of_anna(api, "answers") == [3]


@pytest.mark.req("S4.7")
@pytest.mark.parametrize("stage", [Stage.WON, Stage.LOST])
async def test_what_ended_before_anything_was_counted_is_no_news_until_it_goes_on(
    desk: Desk, api: Api, stage: Stage
) -> None:
    lead_id = await order(desk)
    await desk.receive(moved(lead_id, "paid" if stage is Stage.WON else "refused", stage))
    await desk.ctx.db.pool.execute("UPDATE process SET figures = NULL")  # as the release before left it
    await desk.ctx.db.pool.execute("DELETE FROM numbers")
    await desk.receive(called(desk, lead_id), called(desk, lead_id))
    totals = (await numbers(api))["totals"]
    names = ("taken", "paid", "lost", "wins", "alone", "calls")
    assert [totals[name] for name in names] == [0, 0, 0, 0, 0, 2]
    await desk.receive(moved(lead_id, "in_work", Stage.WORKING))
    assert await of_anna(api, "taken", "paid", "calls") == [1, 0, 2]


@pytest.mark.req("S4.7", "S0.7")
async def test_a_test_order_counts_nowhere(desk: Desk, api: Api) -> None:
    lead_id = await order(desk, CORRIDOR, Signal.TEST_NUMBER)
    await desk.receive(called(desk, lead_id))
    assert (await numbers(api))["rows"] == []


@pytest.mark.req("S4.7", "P.15")
async def test_a_merged_order_counts_no_more_and_again_once_the_merge_is_undone(desk: Desk, api: Api) -> None:
    winner, loser = await order(desk, timedelta(0)), await order(desk)
    await desk.receive(called(desk, loser))
    await merge(desk, winner, loser)
    merged = await of_anna(api, "taken", "calls")
    await merge(desk, winner, loser, undone=True)
    assert (merged, await of_anna(api, "taken", "calls")) == ([0, 1], [1, 1])


@pytest.mark.req("S4.7", "P.15")
async def test_a_mended_outcome_counts_once_and_for_when_the_call_was_made(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.pass_time(timedelta(minutes=2))
    closed = (await api.call("GET", f"/tasks/{task['id']}", role="admin")).json()
    body = {"outcome": "refused", "comment": "нет", "reason": "не та", "call_made": True, "problem": "no_money"}
    mended = await api.call("POST", f"/tasks/{task['id']}/mend", json=body, version=closed["version"])
    assert (mended.status_code, await of_anna(api, "taken", "attempts", "lost")) == (200, [1, 1, 1])


@pytest.mark.req("S4.7")
async def test_reports_have_rows_by_what_is_asked_for(desk: Desk, api: Api) -> None:
    await taken(desk, api)
    await taken(desk, api, "boris")
    found = await numbers(api, by=["product", "source", "month"])
    row = {name: found["rows"][0][name] for name in ("product", "source", "day", "taken", "operator_id")}
    assert row == {
        "product": "course", "source": "school", "day": "2026-03-01", "taken": 2, "operator_id": None,
    }  # fmt: skip
    nothing = [await numbers(api, product="other"), await numbers(api, operator_id=str(UUID(int=9)))]
    assert [found["totals"]["taken"] for found in nothing] == [0, 0]


@pytest.mark.req("S4.7")
@pytest.mark.parametrize(
    ("days", "by", "code"),
    [
        ({"day_from": "2026-03-02", "day_to": "2026-03-01"}, "person", "before_day_from"),
        ({"day_from": "2026-01-01", "day_to": "2026-04-03"}, "day", "period_too_long"),
        ({"day_from": "2024-01-01", "day_to": "2026-01-03"}, "person", "period_too_long"),
    ],
)
async def test_a_period_that_is_none_or_too_long_is_refused(
    api: Api, days: dict[str, str], by: str, code: str
) -> None:
    found = await numbers(api, days, by=by)
    assert [error["code"] for error in found["errors"]] == [code]


@pytest.mark.req("S4.7", "P.6")
async def test_a_manager_sees_their_own_numbers_alone_and_at_once(desk: Desk, api: Api) -> None:
    await taken(desk, api)
    await taken(desk, api, "boris")
    own = (await api.call("GET", "/reports/mine", params={"desk": "demo"})).json()
    report = await api.call("GET", "/reports/conversion", params={"desk": "demo", **DAY})
    others = {"desk": "demo", **DAY, "operator_id": str(BORIS_ID)}
    refused = await api.call("GET", "/reports/conversion", params=others)
    assert (own["day"], own["today"]["taken"], own["month"]["taken"], own["pay"]) == ("2026-03-02", 1, 1, [])
    assert (report.json()["totals"]["taken"], refused.status_code) == (1, 404)


@pytest.mark.req("S4.7")
async def test_numbers_are_what_a_count_of_the_timelines_says_whatever_happens(desk: Desk, api: Api) -> None:
    await wander(desk, api, Random(7), steps=60)  # noqa: S311 - a walk that is the same each time
    stored, wrong = await counted(desk), await rebuild(desk.ctx, "demo")
    assert (stored, wrong) == (await told(desk), 0)
    await desk.ctx.db.pool.execute("UPDATE numbers SET taken = taken + 1, calls = 0 WHERE span = 'day'")
    assert await rebuild(desk.ctx, "demo") > 0
    assert (await counted(desk), await rebuild(desk.ctx, "demo")) == (stored, 0)


async def wander(desk: Desk, api: Api, random: Random, steps: int) -> None:
    """Let anything happen to a few orders over some days: calls, payments and back, merges and back."""
    leads = [await order(desk, timedelta(minutes=7)) for _ in range(6)]
    merged: set[tuple[UUID, UUID]] = set()
    for _ in range(steps):
        lead, who = random.choice(leads), random.choice([ANNA_ID, BORIS_ID])
        match random.randrange(6):
            case 0 | 1 if (leads[0], lead) not in merged:  # intake names the winner
                await desk.receive(called(desk, lead, ago=random.randrange(9), operator_id=who))
            case 2:
                await paid(desk, lead)
            case 3:
                stage = random.choice([("in_work", Stage.WORKING), ("refused", Stage.LOST)])
                await desk.receive(moved(lead, *stage))
            case 4:
                pair = (leads[0], lead)
                if lead != leads[0]:
                    await merge(desk, *pair, undone=pair in merged)
                    merged ^= {pair}
            case _:
                await desk.pass_time(timedelta(hours=random.randrange(1, 9)))


COUNTED = """
SELECT operator_id::text, sum(taken), sum(calls) FROM numbers
WHERE span = $1 GROUP BY 1 HAVING sum(taken) <> 0 OR sum(calls) <> 0 ORDER BY 1
"""
# Of each lead the first call, unless it was paid before or is another lead by now; every call that it heard of.
TOLD = """
WITH calls AS (
    SELECT lead_id, facts ->> 'operator_id' AS who, (facts ->> 'at')::timestamptz AS at FROM timeline_entry
    WHERE kind LIKE 'dozvon.contact.recorded%'
), firsts AS (SELECT DISTINCT ON (lead_id) lead_id, who, at FROM calls ORDER BY lead_id, at, who),
kept AS (
    SELECT who, count(*) AS taken FROM firsts f JOIN process p USING (lead_id)
    WHERE NOT COALESCE((p.figures ->> 'merged')::boolean, false)
        AND NOT COALESCE((p.figures ->> 'won_at')::timestamptz < f.at, false)
    GROUP BY who
), made AS (SELECT who, count(*) AS calls FROM calls GROUP BY who)
SELECT who, COALESCE(taken, 0), COALESCE(calls, 0) FROM kept FULL JOIN made USING (who) ORDER BY 1
"""


async def counted(desk: Desk, span: str = "day") -> list[tuple[object, ...]]:
    found = [[tuple(row) for row in await desk.ctx.db.pool.fetch(COUNTED, each)] for each in ("day", "month")]
    assert found[0] == found[1]
    return found[span == "month"]


async def told(desk: Desk) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await desk.ctx.db.pool.fetch(TOLD)]


@pytest.mark.req("S4.7")
async def test_a_call_that_is_reported_again_with_its_recording_or_its_operator_counts_once(
    desk: Desk, api: Api
) -> None:
    lead_id = await order(desk)
    first = called(desk, lead_id)
    await desk.receive(first, first.model_copy(update={"recording": "https://pbx.example/1"}))
    said_again = await of_anna(api, "taken", "calls")
    await desk.receive(first.model_copy(update={"operator_id": BORIS_ID}))
    rows = {row["operator_id"]: (row["taken"], row["calls"]) for row in (await numbers(api))["rows"]}
    assert (said_again, rows) == ([1, 1], {str(BORIS_ID): (1, 1)})


@pytest.mark.req("S4.7", "P.2")
async def test_an_event_that_comes_twice_counts_once(desk: Desk, api: Api) -> None:
    lead_id = await order(desk)
    inbox = Inbox.of(desk)
    incoming = await inbox.incoming(called(desk, lead_id))
    for _ in range(2):
        await inbox.applier.apply_or_park(incoming)
    assert await of_anna(api, "taken", "calls") == [1, 1]
