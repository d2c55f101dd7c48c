"""Nobody off shift is given work; whether they may take some is their pool's rule (S2.3)."""

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.shared import Presence
from services.tasks.pools.queries import open_off_shift
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk, operator, pool, proposal

LEFT = operator(ANNA_ID, "anna", presence=Presence.CHECKED_OUT, version=2)


async def asked(desk: Desk) -> tasks.WorkRequested:
    """A lead whose pushed call has asked for an operator."""
    await desk.lead("callback")
    return (await desk.sent(tasks.WorkRequested))[-1]


@pytest.mark.req("S2.3")
@pytest.mark.parametrize("path", ["/next", "/tasks/{task_id}/take"])
@pytest.mark.req("U20")
async def test_who_is_off_shift_pulls_nothing(desk: Desk, api: Api, path: str) -> None:
    work = await asked(desk)
    await desk.receive(LEFT)
    refused = await api.call("POST", path.format(task_id=work.task_id))
    assert (refused.status_code, refused.json()["code"]) == (409, "not_on_shift")


@pytest.mark.req("S2.3")
@pytest.mark.parametrize("path", ["/next", "/tasks/{task_id}/take"])
@pytest.mark.req("U20")
async def test_who_is_off_shift_pulls_from_a_pool_that_allows_it(desk: Desk, api: Api, path: str) -> None:
    work = await asked(desk)
    await desk.receive(LEFT, pool(off_shift_pull=True))
    assert (await api.call("POST", path.format(task_id=work.task_id))).status_code == 200
    assert [taken.operator_id for taken in await desk.sent(tasks.TaskTaken)] == [ANNA_ID]


@pytest.mark.req("S2.3")
async def test_next_gives_who_is_off_shift_only_what_its_pool_allows(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    await desk.receive(LEFT, pool("sales", off_shift_pull=True))
    answer = await api.call("POST", "/next")
    assert (answer.status_code, answer.json()["task"]) == (200, None)


async def test_a_pool_of_the_same_code_at_another_desk_allows_nothing_here(desk: Desk, api: Api) -> None:
    work = await asked(desk)
    await desk.receive(LEFT, pool(off_shift_pull=True, desk="cars"))
    assert (await api.call("POST", f"/tasks/{work.task_id}/take")).status_code == 409


@pytest.mark.parametrize("changes", [{"presence": Presence.PAUSED}, {"away": True}])
async def test_who_is_on_shift_may_pull_in_a_pause_too(desk: Desk, api: Api, changes: dict[str, object]) -> None:
    work = await asked(desk)
    await desk.receive(operator(ANNA_ID, "anna", version=2, **changes))
    assert (await api.call("POST", f"/tasks/{work.task_id}/take")).status_code == 200


async def test_an_operator_of_whose_presence_nothing_was_heard_may_pull(desk: Desk, api: Api) -> None:
    work = await asked(desk)
    await desk.ctx.db.pool.execute("UPDATE operator SET presence = NULL")  # as the earlier release left it
    assert (await api.call("POST", f"/tasks/{work.task_id}/take")).status_code == 200


@pytest.mark.req("S2.3")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"presence": Presence.CHECKED_OUT}, "operator_off_shift"),
        ({"away": True}, "operator_away"),
        ({"active": False}, "operator_inactive"),
    ],
)
async def test_a_proposal_of_who_has_gone_since_is_declined(
    desk: Desk, changes: dict[str, object], reason: str
) -> None:
    work = await asked(desk)
    await desk.receive(operator(ANNA_ID, "anna", version=2, **changes))
    await desk.receive(proposal(work.task_id, work.lead_id, operator_version=1))
    assert [(data.operator_id, data.reason) for data in await desk.sent(tasks.WorkDeclined)] == [(ANNA_ID, reason)]
    assert await desk.sent(tasks.TaskAssigned) == []


async def test_what_was_declined_because_they_have_gone_is_asked_for_again(desk: Desk) -> None:
    work = await asked(desk)
    await desk.receive(LEFT, proposal(work.task_id, work.lead_id, operator_version=1))
    again = (await desk.sent(tasks.WorkRequested))[-1]
    assert (again.task_id, again.task_version) == (work.task_id, work.task_version + 1)


@pytest.mark.parametrize("known", [2, None])
async def test_a_proposal_made_after_they_had_gone_or_by_the_earlier_release_is_accepted(
    desk: Desk, known: int | None
) -> None:
    work = await asked(desk)
    await desk.receive(LEFT, proposal(work.task_id, work.lead_id, operator_version=known))
    assert [data.operator_id for data in await desk.sent(tasks.TaskAssigned)] == [ANNA_ID]


async def test_a_pause_declines_no_proposal_that_was_under_way(desk: Desk) -> None:
    work = await asked(desk)
    paused = operator(ANNA_ID, "anna", presence=Presence.PAUSED, version=2)
    await desk.receive(paused, proposal(work.task_id, work.lead_id, operator_version=1))
    assert [data.operator_id for data in await desk.sent(tasks.TaskAssigned)] == [ANNA_ID]


async def test_the_newest_of_two_events_of_a_pool_is_kept_whatever_their_order(desk: Desk) -> None:
    old, new = desk.event(pool()), desk.event(pool(off_shift_pull=True))
    for events in ([new], [old], [new._replace(sequence=9), old._replace(sequence=8)]):
        await desk.apply(events)
        async with desk.ctx.db.pool.acquire() as conn:
            assert await open_off_shift(conn, "demo", ["callback"]) == {"callback"}
