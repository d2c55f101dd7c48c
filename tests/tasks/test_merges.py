"""Leads and customers that intake has merged: the loser's work ends, and goes on when that is taken back (P.15)."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.intake import CustomerMerged, LeadMerged, LeadReceivedV2, LeadUpdated
from libs.common.contracts.notices import WorkMerged
from libs.common.contracts.shared import ContactKind, Customer, Language, OrderStatus
from libs.common.contracts.tasks import TaskFailed, WorkRequested, WorkWithdrawn
from libs.common.platform.ids import uuid7
from services.tasks.engine.facts import Subject
from services.tasks.merges.actions import announce_merges
from services.tasks.merges.rules import Aliases
from services.tasks.playbooks.terms import Trigger
from services.tasks.processes.rules import Address
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, Desk, contact, lead_v2, proposal
from tests.tasks.subjects import CARE, MAIN, REFUND, customer_changed, order_changed, status_changed
from tests.tasks.support import TINY

NOTE = "{ru: Слышно, en: Heard}"
#: A playbook with a timer of its own, and rules for what it hears.
WORKED = TINY.replace("playbook: tiny", "playbook: worked").replace(
    "- open: call", "- open: call\n        - timer: later"
).replace(
    "task_types:", "timers:\n  later: {at: 2h, then: [then: [note: {ru: Пора, en: Now}]]}\ntask_types:"
) + "".join(
    f"  {trigger}:\n    - then: [note: {NOTE}]\n"
    for trigger in ("lead_merged", "order_changed", "contact_recorded", "status_changed", "lead_updated")
)


@pytest_asyncio.fixture
async def pair(desk: Desk) -> tuple[UUID, UUID]:
    """Winner and loser, each with an open call."""
    await desk.activate_playbook(WORKED)
    leads = [lead_v2("worked") for _ in range(2)]
    for data in leads:
        await desk.receive(data)
    return leads[0].lead_id, leads[1].lead_id


async def merge(desk: Desk, winner: UUID, loser: UUID, *, undone: bool = False) -> None:
    """Hear of a merge as intake publishes it: of both leads."""
    said = {"merge_id": UUID(int=7), "winner_id": winner, "loser_id": loser, "undone": undone, "actor": "ann"}
    for lead_id in (loser, winner):
        await desk.receive(LeadMerged.model_validate({**said, "lead_id": lead_id}))


async def part(desk: Desk, winner: UUID, loser: UUID) -> None:
    await merge(desk, winner, loser, undone=True)


async def tasks_of(api: Api, lead_id: UUID, state: str = "active") -> list[Json]:
    params = {"lead_id": str(lead_id), "state": state}
    items: list[Json] = (await api.call("GET", "/tasks", role="admin", params=params)).json()["items"]
    return items


async def heard(desk: Desk, lead_id: UUID) -> list[str]:
    """Return by which rules a lead's process noted something."""
    query = "SELECT rule FROM timeline_entry WHERE lead_id = $1 AND kind = 'note' ORDER BY id"
    return [row["rule"] for row in await desk.ctx.db.pool.fetch(query, lead_id)]


async def timers(desk: Desk, lead_id: UUID) -> list[str]:
    query = "SELECT t.kind FROM timer t JOIN process p ON p.id = t.process_id WHERE p.lead_id = $1 ORDER BY t.kind"
    return [row["kind"] for row in await desk.ctx.db.pool.fetch(query, lead_id)]


@pytest.mark.req("P.15")
async def test_the_loser_s_tasks_fail_by_the_rule_of_merges_and_its_timers_stop(
    desk: Desk, api: Api, pair: tuple[UUID, UUID]
) -> None:
    winner, loser = pair
    await merge(desk, winner, loser)
    [failed] = await desk.sent(TaskFailed)
    assert (failed.lead_id, failed.rule, failed.actor, failed.outcome) == (loser, "merged", "system", None)
    assert (await tasks_of(api, loser), await timers(desk, loser)) == ([], [])
    assert len(await desk.sent(WorkWithdrawn)) == 1
    assert [task["type"] for task in await tasks_of(api, winner)] == ["call"]


@pytest.mark.req("P.15")
async def test_an_undo_opens_successors_and_sets_the_timers_again(
    desk: Desk, api: Api, pair: tuple[UUID, UUID]
) -> None:
    winner, loser = pair
    [before], was = await tasks_of(api, loser), await timers(desk, loser)
    await merge(desk, winner, loser)
    await part(desk, winner, loser)
    [after] = await tasks_of(api, loser)
    assert (after["id"] != before["id"], after["due_at"], after["type"]) == (True, before["due_at"], "call")
    assert await timers(desk, loser) == was
    assert (await desk.sent(WorkRequested))[-1].task_id == UUID(after["id"])


@pytest.mark.req("P.15")
async def test_who_had_the_task_has_its_successor(desk: Desk, api: Api, pair: tuple[UUID, UUID]) -> None:
    winner, loser = pair
    request = next(one for one in await desk.sent(WorkRequested) if one.lead_id == loser)
    await desk.receive(proposal(request.task_id, loser))
    await merge(desk, winner, loser)
    await part(desk, winner, loser)
    assert [task["operator_id"] for task in await tasks_of(api, loser)] == [str(ANNA_ID)]


@pytest.mark.req("P.15")
async def test_a_timer_that_came_due_meanwhile_runs_after_the_undo(desk: Desk, pair: tuple[UUID, UUID]) -> None:
    winner, loser = pair
    await merge(desk, winner, loser)
    await desk.pass_time(timedelta(hours=3))
    assert "timers.later.1" not in await heard(desk, loser)
    await part(desk, winner, loser)
    await desk.pass_time(timedelta(seconds=1))
    assert "timers.later.1" in await heard(desk, loser)


@pytest.mark.req("P.15")
async def test_what_the_loser_s_order_and_customer_bring_is_heard_by_the_winner(
    desk: Desk, pair: tuple[UUID, UUID]
) -> None:
    winner, loser = pair
    await merge(desk, winner, loser)
    await desk.receive(order_changed(loser, OrderStatus.PAID), contact(lead_id=loser, kind=ContactKind.CALL_IN))
    assert await heard(desk, winner) == ["on.lead_merged.1", "on.order_changed.1", "on.contact_recorded.1"]
    assert await heard(desk, loser) == []


@pytest.mark.req("P.15")
async def test_what_is_said_of_the_loser_alone_is_noted_and_opens_nothing(
    desk: Desk, api: Api, pair: tuple[UUID, UUID]
) -> None:
    winner, loser = pair
    await merge(desk, winner, loser)
    updated = LeadUpdated(lead_id=loser, person=Customer(), language=Language.RU, zone="Europe/Moscow")
    await desk.receive(status_changed(loser, "new"), updated)
    assert (await heard(desk, winner), await heard(desk, loser)) == (["on.lead_merged.1"], [])
    assert await tasks_of(api, loser) == []


@pytest.mark.req("P.15", "P.3")
async def test_the_winner_s_timeline_has_the_steps_of_both(desk: Desk, api: Api, pair: tuple[UUID, UUID]) -> None:
    winner, loser = pair
    await merge(desk, winner, loser)
    params = {"lead_id": str(winner)}
    shown = (await api.call("GET", "/timeline", role="admin", params=params, language="en")).json()["items"]
    kinds = [step["kind"] for step in shown]
    assert (kinds.count("dozvon.lead.received.v2"), kinds.count("dozvon.lead.merged.v1")) == (2, 2)
    assert len({step["id"] for step in shown}) == len(shown)


@pytest.mark.req("P.15")
async def test_merges_of_merged_leads_end_with_the_last_winner(desk: Desk, pair: tuple[UUID, UUID]) -> None:
    second, third = pair
    first = lead_v2("worked")
    await desk.receive(first)
    await merge(desk, second, third)
    await merge(desk, first.lead_id, second)
    await desk.receive(order_changed(third, OrderStatus.PAID))
    assert "on.order_changed.1" in await heard(desk, first.lead_id)
    await part(desk, first.lead_id, second)
    await desk.receive(order_changed(third, OrderStatus.PAID))
    assert "on.order_changed.1" in await heard(desk, second)


@pytest.mark.req("P.15", "S3.14")
async def test_other_work_of_the_loser_ends_and_goes_on_too(desk: Desk, api: Api, pair: tuple[UUID, UUID]) -> None:
    winner, loser = pair
    free = {
        "desk": "demo", "title": "Проверить", "due_at": (desk.clock.now() + timedelta(days=1)).isoformat(),
        "assignee": {"pool": "sales"}, "links": {"lead_id": str(loser)},
    }  # fmt: skip
    assert (await api.call("POST", "/tasks", role="supervisor", json=free)).status_code == 201
    await merge(desk, winner, loser)
    assert await tasks_of(api, loser) == []
    await part(desk, winner, loser)
    assert sorted(task["type"] for task in await tasks_of(api, loser)) == ["call", "task"]


@pytest.mark.req("P.15")
async def test_an_outcome_from_before_the_merge_is_not_mended(
    desk: Desk, api: Api, pair: tuple[UUID, UUID]
) -> None:
    winner, loser = pair
    await merge(desk, winner, loser)
    [ended] = await tasks_of(api, loser, "failed")
    found = (await api.call("GET", f"/tasks/{ended['id']}/mending", role="admin")).json()
    assert found["final"] == "no_outcome"


@pytest.mark.req("P.15")
async def test_a_customer_s_process_may_listen_for_merges_of_their_leads(
    desk: Desk, pair: tuple[UUID, UUID]
) -> None:
    listening = CARE.replace("[order_changed]", "[lead_merged]").replace("  order_changed:", "  lead_merged:")
    await desk.activate_playbook(listening.replace("when: {order_status: paid}", "when: {owned: false}"))
    customer_id, (winner, loser) = uuid7(), pair
    await desk.receive(customer_changed(customer_id))
    said = {"merge_id": uuid7(), "winner_id": winner, "loser_id": loser, "customer_id": customer_id, "actor": "ann"}
    await desk.receive(LeadMerged.model_validate({**said, "lead_id": winner}))
    opened = await desk.ctx.db.pool.fetchval("SELECT count(*) FROM task WHERE subject_id = $1", customer_id)
    assert opened == 2


# -- customers


async def customers(desk: Desk, winner: UUID, loser: UUID, *, undone: bool = False) -> None:
    await desk.receive(
        CustomerMerged(merge_id=uuid7(), customer_id=loser, winner_id=winner, undone=undone, actor="ann")
    )


@pytest_asyncio.fixture
async def known(desk: Desk) -> LeadReceivedV2:
    """A lead whose process listens for its customer."""
    for source in (MAIN, REFUND, CARE):
        await desk.activate_playbook(source)
    data = lead_v2("main")
    await desk.receive(data)
    return data


@pytest.mark.req("P.13")
async def test_a_lead_of_the_loser_hears_of_the_winner(desk: Desk, known: LeadReceivedV2) -> None:
    winner = uuid7()
    await customers(desk, winner, known.customer_id)
    await desk.receive(customer_changed(winner))
    assert await heard(desk, known.lead_id) == ["on.customer_changed.1"]
    await customers(desk, winner, known.customer_id, undone=True)
    await desk.receive(customer_changed(winner))
    assert await heard(desk, known.lead_id) == ["on.customer_changed.1"]


async def care(desk: Desk) -> Mapping[UUID, bool]:
    """Return of each customer with a process whether it is live."""
    rows = await desk.ctx.db.pool.fetch("SELECT subject_id, ended_at FROM process WHERE playbook = 'care'")
    return {row["subject_id"]: row["ended_at"] is None for row in rows}


@pytest.mark.req("P.13", "P.15")
async def test_of_two_processes_of_one_playbook_the_loser_s_ends_and_goes_on(
    desk: Desk, known: LeadReceivedV2
) -> None:
    winner, loser = uuid7(), uuid7()
    await desk.receive(customer_changed(winner), customer_changed(loser))
    await customers(desk, winner, loser)
    assert await care(desk) == {winner: True, loser: False}
    await customers(desk, winner, loser, undone=True)
    assert await care(desk) == {winner: True, loser: True}


@pytest.mark.req("P.13")
async def test_a_process_that_the_loser_alone_has_goes_on_as_the_winner_s(
    desk: Desk, known: LeadReceivedV2
) -> None:
    winner, loser = uuid7(), uuid7()
    await desk.receive(customer_changed(loser))
    await customers(desk, winner, loser)
    await desk.receive(customer_changed(winner, "+79035550101"))
    assert await care(desk) == {loser: True}
    query = "SELECT person ->> 'phone' FROM process WHERE subject_id = $1"
    assert await desk.ctx.db.pool.fetchval(query, loser) == "+79035550101"


# -- pure


@pytest.mark.req("P.15", "S4.9", "S4.14", "S4.20")
@pytest.mark.parametrize("trigger", [Trigger.PAYMENT_RECORDED, Trigger.REFUND_CHANGED, Trigger.ACCESS_CHANGED])
def test_the_money_and_the_access_of_the_loser_s_order_are_the_winner_s(trigger: Trigger) -> None:
    winner, loser = Subject.lead(UUID(int=1)), Subject.lead(UUID(int=2))
    moved = Aliases({loser.id: winner.id}).moved(Address(loser, trigger))
    assert (moved.subject, moved.merged) == (winner, False)


def test_an_alias_leads_to_the_last_winner_and_never_in_circles() -> None:
    one, two, three = (UUID(int=n) for n in range(1, 4))
    aliases = Aliases({one: two, two: three})
    assert (aliases.root(one), aliases.root(three), aliases.whole(two)) == (three, three, {one, two, three})
    assert Aliases({one: two, two: one}).root(one) in {one, two}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_all_that_are_one_have_one_end(pairs: list[tuple[int, int]]) -> None:
    aliases = Aliases()
    for winner, loser in pairs:  # as intake merges: neither has lost before
        if winner != loser and not {UUID(int=winner), UUID(int=loser)} & aliases.winners.keys():
            aliases.winners[UUID(int=loser)] = UUID(int=winner)
    for one in (UUID(int=n) for n in range(10)):
        assert {aliases.root(other) for other in aliases.whole(one)} == {aliases.root(one)}
        assert aliases.root(one) not in aliases.winners


@pytest.mark.req("P.15")
async def test_a_merge_is_published_after_what_its_loser_requested_and_once(
    desk: Desk, pair: tuple[UUID, UUID]
) -> None:
    winner, loser = pair
    await merge(desk, winner, loser)
    await desk.ctx.db.pool.execute("UPDATE merged SET announced = false")  # of the release before
    assert [await announce_merges(desk.ctx) for _ in range(2)] == [1, 0]
    await part(desk, winner, loser)
    said = [(one.lead_id, one.winner_id, one.undone, one.actor) for one in await desk.sent(WorkMerged)]
    assert said == [(loser, winner, False, "ann"), (loser, winner, False, "system"), (loser, winner, True, "ann")]
