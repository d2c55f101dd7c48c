"""The live stream of tasks: who is told what, without gap or double, to its end (P.5, P.6)."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts import notices, tasks
from libs.common.contracts.shared import SubjectKind
from libs.common.platform.ids import uuid7
from services.tasks.engine.facts import Subject
from services.tasks.timeline.store import Entry, write_entries
from tests.support.streams import Stream
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator, proposal
from tests.tasks.live import Live, running
from tests.tasks.support import TINY
from tests.tasks.test_mending_api import ended, mend
from tests.tasks.test_moves_api import assigned, lent, move, opened, own

_CARS = TINY

pytestmark = [pytest.mark.req("U14", "P.5")]


async def kinds(stream: Stream, count: int) -> list[str]:
    return [frame["event"] for frame in await stream.events(count)]


async def only(stream: Stream, kind: str, count: int = 1) -> list[Json]:
    """Return the next changes of a kind. A stream may begin with what was committed a moment before it."""
    found: list[Json] = []
    while len(found) < count:
        found += [one for one in await stream.data(1) if one["kind"] == kind]
    return found


async def entry(desk: Desk, task: Json, kind: str = tasks.TaskOverdue.event_type) -> Entry:
    now = desk.clock.now()
    subject = Subject(SubjectKind.LEAD, UUID(task["lead_id"]))
    return Entry("demo", subject, uuid7(), None, uuid7(), "tasks", now, kind, {}, task_id=UUID(task["id"]))


async def test_a_board_is_told_how_a_task_is_opened_assigned_taken_and_closed(
    desk: Desk, api: Api, live: Live
) -> None:
    async with live.follow() as stream:
        task = await assigned(desk, api)
        await api.call("POST", f"/tasks/{task['id']}/take")
        await api.outcome(await api.task(UUID(task["lead_id"])), "reached", call_made=True)
        assert await kinds(stream, 4) == ["task_opened", "task_assigned", "task_taken", "task_closed"]


async def test_a_change_names_the_task_as_the_list_shows_it(desk: Desk, api: Api, live: Live) -> None:
    async with live.follow(accept_language="en") as stream:
        task = await opened(desk, api)
        (change,) = await stream.data(1)
    shared = change.keys() & task.keys() - {"title"}
    assert {name: change[name] for name in shared} == {name: task[name] for name in shared}
    assert change["title"] == "Call the customer back"
    assert {"desk", "lead_id", "pool", "operator_id", "customer", "due_at", "version"} <= shared


@pytest.mark.parametrize(
    ("how", "kind"),
    [("release", "task_released"), ("assign", "task_moved"), ("lend", "task_lent"), ("redirect", "task_moved")],
)
async def test_a_board_is_told_of_each_move(desk: Desk, api: Api, live: Live, how: str, kind: str) -> None:
    task, until = await assigned(desk, api), {"until": (desk.clock.now() + timedelta(hours=1)).isoformat()}
    async with live.follow() as stream:
        if how == "assign":
            await move(api, task, how, BORIS_ID)
        else:
            to = None if how == "release" else BORIS_ID
            await own(api, task, how, to, **(until if how == "lend" else {}))
        assert await only(stream, kind)


async def test_a_board_is_told_that_a_task_is_overdue_and_that_a_lent_one_is_back(
    desk: Desk, api: Api, live: Live
) -> None:
    await lent(desk, api)
    async with live.follow() as stream:
        await desk.pass_time(timedelta(days=1))
        seen: set[str] = set()
        while not {"task_overdue", "task_returned"} <= seen:
            seen |= set(await kinds(stream, 1))


async def test_a_board_is_told_that_a_task_is_deferred_and_what_follows_it(
    desk: Desk, api: Api, live: Live
) -> None:
    task = await assigned(desk, api)
    await api.call("POST", f"/tasks/{task['id']}/take")
    task = await api.task(UUID(task["lead_id"]))
    async with live.follow() as stream:
        callback_at = (desk.clock.now() + timedelta(hours=3)).isoformat()
        answer = await api.outcome(task, "callback", callback_at=callback_at, call_made=True)
        assert answer.status_code == 200, answer.text
        (deferred,) = await only(stream, "task_deferred")
        (successor,) = await stream.data(1)
    assert (deferred["state"], successor["kind"], successor["due_at"][:13]) == (
        "deferred", "task_opened", callback_at[:13],
    )  # fmt: skip


async def test_a_board_is_told_that_an_outcome_was_mended(desk: Desk, api: Api, live: Live) -> None:
    task = await ended(desk, api, "refused", "expensive")
    async with live.follow() as stream:
        assert (await mend(api, task, "booked")).status_code == 200
        (mended,) = await only(stream, "task_changed")
    assert (mended["task_id"], mended["state"]) == (task["id"], "completed")


async def test_a_reminder_is_told(desk: Desk, api: Api, live: Live) -> None:
    task = await opened(desk, api)
    async with live.follow() as stream, desk.ctx.db.begin() as tx:
        await write_entries(tx, [await entry(desk, task, notices.TaskReminded.event_type)])
        await tx.commit()
        (reminded,) = await only(stream, "task_reminded")
    assert reminded["task_id"] == task["id"]


# Who is told


async def test_an_operator_is_told_of_what_waits_in_their_pools_and_of_their_own(
    desk: Desk, api: Api, live: Live
) -> None:
    await desk.receive(operator(BORIS_ID, "boris", pools=()))
    async with live.follow("anna", "operator") as anna, live.follow("boris", "operator") as boris:
        task = await opened(desk, api)
        told = await kinds(anna, 1)
        await desk.receive(proposal(task["id"], task["lead_id"]))
        told += await kinds(anna, 1)
        await move(api, await api.task(UUID(task["lead_id"])), "assign", BORIS_ID)
        assert [*told, *await kinds(anna, 1)] == ["task_opened", "task_assigned", "task_gone"]
        assert await kinds(boris, 1) == ["task_moved"]


@pytest.mark.req("P.6")
async def test_who_sees_a_task_no_more_is_told_its_id_and_nothing_else(desk: Desk, api: Api, live: Live) -> None:
    task = await opened(desk, api)
    async with live.follow("boris", "operator") as boris:
        await desk.receive(proposal(task["id"], task["lead_id"]))
        (gone,) = await only(boris, "task_gone")
    assert gone == {
        "kind": "task_gone", "at": gone["at"], "desk": "demo", "task_id": task["id"],
    }  # fmt: skip


async def test_who_lent_a_task_is_told_that_it_went_to_a_third(desk: Desk, api: Api, live: Live) -> None:
    third = UUID(int=3)
    await desk.receive(operator(third, "clara"), operator(ANNA_ID, "anna", pools=()))
    task = await lent(desk, api)
    async with live.follow("anna", "operator") as anna:
        await move(api, task, "assign", third)
        (gone,) = await only(anna, "task_gone")
    assert gone["task_id"] == task["id"]


@pytest.mark.parametrize(
    ("desks", "query", "told"),
    [
        (("demo",), "", ["demo"]),
        (("*",), "", ["cars", "demo"]),
        (("cars", "demo"), "?desk=cars", ["cars"]),
        (("*",), "?pool=callback&desk=demo", ["demo"]),
        (("*",), "?pool=sales", []),
    ],
)
async def test_a_board_is_told_of_its_desks_and_of_the_one_that_is_asked_for(
    desk: Desk, api: Api, live: Live, desks: tuple[str, ...], query: str, told: list[str]
) -> None:
    await desk.add_desk("cars", _CARS)
    async with live.follow(desks=desks, query=query) as stream, live.follow("root", "admin", desks=("*",)) as all_:
        await desk.lead("tiny", desk="cars")
        task = await opened(desk, api)
        seen = [str(one["desk"]) for one in await all_.data(2)]
        assert seen == ["cars", "demo"]
        await move(api, task, "assign", ANNA_ID)
        found = [str(one["desk"]) for one in await stream.data(len(told))]
    assert found == told


@pytest.mark.req("P.6", "U10")
@pytest.mark.parametrize(
    ("sub", "role"), [("anna", "operator"), ("boris", "operator"), ("chief", "supervisor"), ("root", "admin")]
)
async def test_a_stream_shows_exactly_the_tasks_and_customers_that_the_list_shows(
    desk: Desk, api: Api, live: Live, sub: str, role: str
) -> None:
    await desk.receive(operator(BORIS_ID, "boris", pools=()))
    async with live.follow() as before:
        place = before.place
    await opened(desk, api), await lent(desk, api)
    await move(api, await opened(desk, api), "assign", BORIS_ID)
    ended = await assigned(desk, api)
    await api.outcome(await taken(api, ended), "reached", call_made=True)
    last = await opened(desk, api)
    await move(api, last, "assign", {"boris": BORIS_ID}.get(sub, ANNA_ID))
    listed = (await api.call("GET", "/tasks", sub=sub, role=role, desks=("demo",))).json()["items"]
    async with live.follow(sub, role, f"?after={place}") as stream:
        changes = await until_moved(stream, last["id"])
    shown = {one["task_id"]: one["customer"] is None for one in changes if one["kind"] != "task_gone"}
    assert shown == {one["id"]: one["customer"] is None for one in listed}


async def taken(api: Api, task: Json) -> Json:
    answer = await api.call("POST", f"/tasks/{task['id']}/take")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def until_moved(stream: Stream, task_id: str) -> list[Json]:
    """Return all changes up to the one that moved a task."""
    found: list[Json] = []
    while not found or (found[-1]["task_id"], found[-1]["kind"]) != (task_id, "task_moved"):
        found += await stream.data(1)
    return found


# Without gap or double


async def test_a_stream_goes_on_where_it_broke_off_also_at_another_process(
    desk: Desk, api: Api, live: Live
) -> None:
    async with live.follow() as stream:
        await opened(desk, api)
        await stream.events(1)
    second = await assigned(desk, api)
    async with running(desk) as restarted, restarted.follow(last_event_id=stream.place) as resumed:
        third = await opened(desk, api)
        found = [(one["kind"], one["task_id"]) for one in await resumed.data(3)]
    wanted = [("task_opened", second["id"]), ("task_assigned", second["id"]), ("task_opened", third["id"])]
    assert found == wanted


async def test_a_stream_goes_on_behind_the_place_in_its_address(desk: Desk, api: Api, live: Live) -> None:
    async with live.follow() as stream:
        place = stream.place
    task = await opened(desk, api)
    async with live.follow(query=f"?after={place}") as resumed:
        assert [one["task_id"] for one in await resumed.data(1)] == [task["id"]]


async def test_a_step_that_is_committed_late_with_a_lower_id_is_told_once_and_in_its_place(
    desk: Desk, api: Api, live: Live
) -> None:
    first, second = await opened(desk, api), await opened(desk, api)
    async with live.follow() as stream, live.follow() as other:
        async with desk.ctx.db.begin() as slow:
            await write_entries(slow, [await entry(desk, first)])
            async with desk.ctx.db.begin() as quick:
                await write_entries(quick, [await entry(desk, second)])
                await quick.commit()
            place = other.place
            await slow.commit()
        found = [one["task_id"] for one in await only(stream, "task_overdue", 2)]
    async with live.follow(last_event_id=place) as resumed:
        again = [one["task_id"] for one in await only(resumed, "task_overdue", 2)]
    assert found == again == [first["id"], second["id"]]


async def test_streams_at_two_processes_are_told_all_and_the_same_while_writers_race(
    desk: Desk, api: Api, live: Live
) -> None:
    tasks_ = [await opened(desk, api) for _ in range(4)]

    async def write(number: int) -> None:
        for _ in range(10):
            async with desk.ctx.db.begin() as tx:
                await write_entries(tx, [await entry(desk, tasks_[number])])
                await asyncio.sleep(0)
                await tx.commit()

    async with running(desk) as another, live.follow() as one, another.follow() as two:
        await asyncio.gather(*(write(number) for number in range(4)))
        frames = [await places(stream, 40) for stream in (one, two)]
    assert frames[0] == frames[1]
    assert len(set(frames[0])) == 40


async def places(stream: Stream, count: int) -> list[str]:
    """Return the places of the next overdue tasks."""
    found: list[str] = []
    while len(found) < count:
        found += [frame["id"] for frame in await stream.events(1) if frame["event"] == "task_overdue"]
    return found


async def test_a_place_ahead_of_now_does_not_silence_the_stream(desk: Desk, api: Api, live: Live) -> None:
    async with live.follow(last_event_id=f"{2**52}-7") as stream:
        await opened(desk, api)
        assert await kinds(stream, 1) == ["task_opened"]


async def test_a_stream_that_is_told_of_nothing_for_long_still_learns_where_it_is(
    desk: Desk, api: Api, live: Live
) -> None:
    task = await opened(desk, api)
    async with live.follow(query="?pool=none") as stream:
        began = stream.place
        async with desk.ctx.db.begin() as tx:
            await write_entries(tx, [await entry(desk, task) for _ in range(200)])
            await tx.commit()
        assert await stream.frame() == {"id": stream.place}
    assert stream.place != began
