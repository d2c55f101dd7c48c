"""Each operator's feed: gap-free under races, complete after a break, private (S0.3, P.5)."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import UUID

import pytest

from libs.common.contracts import Cause, EventData, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.notices import CallRinging, TaskReminded
from libs.common.contracts.shared import Customer, Presence, Text
from libs.common.contracts.tasks import (
    TaskAssigned,
    TaskCompleted,
    TaskDeferred,
    TaskFailed,
    TaskLent,
    TaskOverdue,
    TaskReassigned,
    TaskReleased,
    TaskReturned,
    TaskTaken,
)
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.feed.actions import store_operators
from services.notifications.feed.hub import FeedHub
from services.notifications.feed.queries import items_after
from tests.notifications.api import running_api
from tests.notifications.support import apply, context, requested
from tests.support.patience import PATIENCE

ANNA, BORIS = UUID(int=1), UUID(int=2)
DUE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def assigned(operator: UUID = ANNA) -> TaskAssigned:
    return TaskAssigned(
        task_id=uuid7(), lead_id=uuid7(), task_type="call", title=Text(ru="Позвонить", en="Call"), due_at=DUE,
        operator_id=operator, decision_id=uuid7(), order_number="1042",
    )  # fmt: skip


def taken(operator: UUID = ANNA) -> TaskTaken:
    return TaskTaken(
        task_id=uuid7(), lead_id=uuid7(), task_type="call", title=Text(ru="Позвонить", en="Call"), due_at=DUE,
        pool="callback", operator_id=operator,
    )  # fmt: skip


def known(operator: UUID, subject: str) -> OperatorChanged:
    return OperatorChanged(
        operator_id=operator, subject=subject, name=subject, active=True, roles=("operator",), desks=("demo",),
        pools=(), products=(), capacity=20, presence=Presence.CHECKED_IN,
    )  # fmt: skip


async def write(db: Database, *events: EventData) -> None:
    ctx = context(db, "http://127.0.0.1:9")
    await apply(ctx, *events)
    await ctx.transport.close()


async def read(hub: FeedHub, subject: str, position: int | None, count: int) -> list[int]:
    start = await hub.start(subject, position)
    async with asyncio.timeout(PATIENCE), aclosing(hub.follow(subject, start)) as items:
        return [(await anext(items)).position for _ in range(count)]


@pytest.mark.req("S0.3")
async def test_an_assigned_and_a_taken_task_come_into_the_operators_feed(notifications_db: Database) -> None:
    first, second = assigned(), taken()
    await write(notifications_db, first, second)
    items = await items_after(notifications_db, ANNA, 0, 10)
    assert [(item.position, item.kind, item.task_id) for item in items] == [
        (1, "task_assigned", first.task_id),
        (2, "task_taken", second.task_id),
    ]


@pytest.mark.req("S0.3", "S3.5")
@pytest.mark.parametrize("kind", [TaskReassigned, TaskLent, TaskReturned])
async def test_a_task_that_a_colleague_had_comes_into_the_feed_of_who_has_it_now(
    notifications_db: Database, kind: type[EventData]
) -> None:
    moved = kind.model_validate(
        {
            **taken().model_dump(), "from_operator_id": BORIS, "to_operator_id": ANNA, "actor": "boss",
            "reason": "assigned", "until": DUE,
        }
    )  # fmt: skip
    await write(notifications_db, moved)
    assert [item.kind for item in await items_after(notifications_db, ANNA, 0, 10)] == ["task_assigned"]


def ended(kind: type[EventData], **changes: object) -> EventData:
    """An end of Anna's task, by her supervisor."""
    own = {
        "task_id": uuid7(), "lead_id": uuid7(), "task_type": "call", "pool": "callback", "operator_id": ANNA,
        "outcome": "reached", "actor": "chief", "title": Text(ru="Позвонить", en="Call"), "was_due_at": DUE,
        "order_number": "1042", "successor_id": uuid7(), "due_at": DUE,
    }  # fmt: skip
    return kind.model_validate({**own, **changes})


async def entries(db: Database, operator: UUID = ANNA) -> list[tuple[str, str | None]]:
    return [(item.kind, item.order_number) for item in await items_after(db, operator, 0, 10)]


@pytest.mark.req("U14")
@pytest.mark.parametrize("kind", [TaskCompleted, TaskFailed, TaskDeferred])
async def test_who_had_a_task_finds_in_their_feed_that_it_was_closed(
    notifications_db: Database, kind: type[EventData]
) -> None:
    await write(notifications_db, ended(kind), ended(kind, operator_id=None))
    assert await entries(notifications_db) == [("task_closed", "1042")]


@pytest.mark.req("U14")
@pytest.mark.parametrize("kind", [TaskReassigned, TaskLent, TaskReturned])
async def test_who_had_a_task_that_a_colleague_has_now_finds_that_in_their_feed(
    notifications_db: Database, kind: type[EventData]
) -> None:
    about = {**taken().model_dump(), "person": Customer(name="Анна"), "zone": "Asia/Omsk", "until": DUE}
    moved = {**about, "from_operator_id": ANNA, "to_operator_id": BORIS, "actor": "chief", "reason": "assigned"}
    await write(notifications_db, kind.model_validate(moved))
    (lost,) = await items_after(notifications_db, ANNA, 0, 10)
    (got,) = await items_after(notifications_db, BORIS, 0, 10)
    assert (lost.kind, lost.person, got.kind, got.zone) == ("task_moved", None, "task_assigned", "Asia/Omsk")


@pytest.mark.req("U14")
async def test_who_lent_a_task_finds_that_a_third_has_it_or_no_operator(notifications_db: Database) -> None:
    third = UUID(int=3)
    about = {**taken().model_dump(), "actor": "chief", "reason": "assigned", "lender_id": ANNA}
    moved = TaskReassigned.model_validate({**about, "from_operator_id": BORIS, "to_operator_id": third})
    back = TaskReassigned.model_validate({**about, "from_operator_id": BORIS, "to_operator_id": ANNA})
    released = TaskReleased.model_validate({**about, "operator_id": BORIS, "taken": True})
    await write(notifications_db, moved, back, released)
    kinds = [[kind for kind, _ in await entries(notifications_db, who)] for who in (ANNA, BORIS, third)]
    assert kinds == [
        ["task_moved", "task_assigned", "task_released"], ["task_moved", "task_moved", "task_released"],
        ["task_assigned"],
    ]  # fmt: skip


@pytest.mark.req("U14")
async def test_who_has_an_overdue_task_finds_it_in_their_feed_with_its_customer(
    notifications_db: Database,
) -> None:
    about = {**taken().model_dump(), "person": Customer(name="Анна", email="a@example.com"), "zone": "Asia/Omsk"}
    overdue = TaskOverdue.model_validate({**about, "order_number": "1042"})
    await write(notifications_db, overdue, overdue.model_copy(update={"operator_id": None}))
    (item,) = await items_after(notifications_db, ANNA, 0, 10)
    shown = {"name": "Анна", "phone": None, "phone_raw": None}
    assert (item.kind, item.person, item.due_at) == ("task_overdue", shown, DUE)


async def test_an_end_of_the_release_before_which_lacks_a_title_is_left_out(notifications_db: Database) -> None:
    old = ended(TaskCompleted, title=None, was_due_at=None)
    await write(notifications_db, old, ended(TaskOverdue, title=None), ended(TaskFailed))
    assert [kind for kind, _ in await entries(notifications_db)] == ["task_closed"]


@pytest.mark.req("S2.12")
@pytest.mark.parametrize(("operator", "kinds"), [(ANNA, ["task_reminded"]), (None, [])])
async def test_who_is_reminded_of_a_task_finds_it_in_their_feed(
    notifications_db: Database, operator: UUID | None, kinds: list[str]
) -> None:
    given = {**taken().model_dump(), "operator_id": operator, "important": True}
    await write(notifications_db, TaskReminded.model_validate(given))
    assert [item.kind for item in await items_after(notifications_db, ANNA, 0, 10)] == kinds


@pytest.mark.req("S0.4")
async def test_whose_telephone_rings_reads_in_their_feed_who_calls(notifications_db: Database) -> None:
    caller = Customer(name="Анна", phone="+79990000001")
    ringing = CallRinging(
        contact_id=uuid7(),
        lead_id=uuid7(),
        operator_id=ANNA,
        extension="101",
        at=DUE,
        person=caller,
        zone="Asia/Omsk",
    )
    await write(notifications_db, ringing)
    (item,) = await items_after(notifications_db, ANNA, 0, 10)
    shown = {"name": "Анна", "phone": "+79990000001", "phone_raw": None}
    assert (item.kind, item.person, item.lead_id, item.task_id) == ("call_ringing", shown, ringing.lead_id, None)


@pytest.mark.req("S3.14")
async def test_a_free_task_about_no_lead_comes_into_its_person_s_feed(notifications_db: Database) -> None:
    title = Text(ru="Вернуть ключ", en="Вернуть ключ")
    free = assigned().model_copy(update={"lead_id": None, "order_number": None, "title": title})
    await write(notifications_db, free)
    (item,) = await items_after(notifications_db, ANNA, 0, 10)
    assert (item.task_id, item.lead_id, item.title["en"]) == (free.task_id, None, "Вернуть ключ")


async def test_titles_are_kept_in_both_languages(notifications_db: Database) -> None:
    await write(notifications_db, assigned())
    (item,) = await items_after(notifications_db, ANNA, 0, 10)
    assert item.title == {"ru": "Позвонить", "en": "Call"}


@pytest.mark.parametrize("batches", [[[(2, "new")], [(1, "old")]], [[(2, "new"), (1, "old")]]])
async def test_an_older_event_of_an_operator_never_overwrites_a_newer_one(
    notifications_db: Database, batches: list[list[tuple[int, str]]]
) -> None:
    for batch in batches:
        received = [
            Received(uuid7(), f"operator:{ANNA}", "demo", DUE, number, Cause.fresh(), known(ANNA, subject))
            for number, subject in batch
        ]
        async with notifications_db.begin() as tx:
            await store_operators(tx, received)
            await tx.commit()
    assert await notifications_db.pool.fetchval("SELECT subject FROM operator") == "new"


async def test_positions_have_no_gaps_when_writers_race(notifications_db: Database) -> None:
    batches = [[assigned(operator) for operator in (ANNA, BORIS, ANNA)][:: 1 if n % 2 else -1] for n in range(12)]
    await asyncio.gather(*(write(notifications_db, *batch) for batch in batches))
    positions = [[i.position for i in await items_after(notifications_db, op, 0, 100)] for op in (ANNA, BORIS)]
    assert positions == [list(range(1, 25)), list(range(1, 13))]


async def test_a_rolled_back_batch_takes_no_position(notifications_db: Database) -> None:
    event = assigned()
    await write(notifications_db, event)
    broken = assigned().model_copy(update={"due_at": None})
    with pytest.raises(Exception, match="due_at"):
        await write(notifications_db, assigned(), broken)
    await write(notifications_db, assigned())
    assert [i.position for i in await items_after(notifications_db, ANNA, 0, 10)] == [1, 2]


async def test_a_stream_resumes_after_the_last_position(notifications_db: Database) -> None:
    await write(notifications_db, known(ANNA, "anna"), *(assigned() for _ in range(5)))
    assert await read(FeedHub(notifications_db), "anna", 2, 3) == [3, 4, 5]


async def test_a_stream_without_a_position_starts_now(notifications_db: Database) -> None:
    await write(notifications_db, known(ANNA, "anna"), assigned())
    hub = FeedHub(notifications_db)
    following = asyncio.create_task(read(hub, "anna", None, 1))
    await asyncio.sleep(0.2)
    await write(notifications_db, assigned())
    assert await following == [2]
    await hub.close()


async def test_every_open_stream_of_an_operator_gets_every_item_within_the_poll(notifications_db: Database) -> None:
    await write(notifications_db, known(ANNA, "anna"), known(BORIS, "boris"))
    hub = FeedHub(notifications_db)
    streams = [asyncio.create_task(read(hub, name, 0, 3)) for name in ("anna", "anna", "boris")]
    for _ in range(3):
        await write(notifications_db, assigned(ANNA), assigned(BORIS))
    assert await asyncio.gather(*streams) == [[1, 2, 3]] * 3
    await hub.close()


async def test_a_stream_waits_for_an_operator_who_is_not_known_yet(notifications_db: Database) -> None:
    hub = FeedHub(notifications_db)
    following = asyncio.create_task(read(hub, "anna", None, 1))
    await asyncio.sleep(0.1)
    await write(notifications_db, assigned())
    await write(notifications_db, known(ANNA, "anna"))
    assert await following == [1]
    await hub.close()


async def test_a_position_beyond_the_last_one_does_not_silence_the_feed(
    notifications_db: Database,
) -> None:
    await write(notifications_db, known(ANNA, "anna"), assigned())
    hub = FeedHub(notifications_db)
    following = asyncio.create_task(read(hub, "anna", 999, 1))
    await asyncio.sleep(0.2)
    await write(notifications_db, assigned())
    assert await following == [2]
    await hub.close()


async def test_an_idle_process_does_not_poll(notifications_db: Database) -> None:
    hub = FeedHub(notifications_db)
    await write(notifications_db, known(ANNA, "anna"), assigned())
    await read(hub, "anna", 0, 1)
    await asyncio.sleep(0.5)
    assert not hub.poll.is_looking


@pytest.mark.req("S0.3")
@pytest.mark.parametrize("how", ["pushed", "taken over", "back from a stand-in"])
async def test_a_lead_that_reaches_its_operator_is_an_entry_that_a_phone_can_show(
    notifications_db: Database, how: str
) -> None:
    moved = {"from_operator_id": BORIS, "to_operator_id": ANNA, "actor": "chief", "reason": "redistributed"}
    event: TaskAssigned | TaskReassigned = assigned()
    if how == "taken over":
        event = TaskReassigned.model_validate({**taken().model_dump(), **moved})
    elif how == "back from a stand-in":
        event = event.model_copy(
            update={"decision_id": event.task_id}
        )  # no decision of assignment stands behind it
    await write(notifications_db, known(ANNA, "operator"), event)
    async with running_api(notifications_db) as api:
        (item,) = (await api.call("GET", "/feed", role="operator")).json()["items"]
    shown = item["kind"], item["title"], item["url"]
    assert shown == ("task_assigned", "Позвонить", f"/tasks/v1/tasks/{event.task_id}")


@pytest.mark.req("U13")
async def test_the_feed_names_whom_to_call_and_their_time(notifications_db: Database) -> None:
    person = Customer(name="Анна", phone="+79161234567", email="anna@example.com")
    told = assigned().model_copy(update={"person": person, "zone": "Asia/Omsk"})
    await write(notifications_db, known(ANNA, "operator"), told, taken())
    async with running_api(notifications_db) as api:
        taken_one, one = (await api.call("GET", "/feed", role="operator")).json()["items"]
    shown = one["customer"]
    assert (taken_one["customer"], shown.pop("local_time")[-6:]) == (None, "+06:00")
    assert shown == {"name": "Анна", "phone": "+79161234567", "phone_raw": None, "zone": "Asia/Omsk"}


@pytest.mark.req("U13", "U10")
@pytest.mark.parametrize("path", ["/feed", "/messages"])
async def test_who_was_dismissed_reads_no_feed_and_no_messages(notifications_db: Database, path: str) -> None:
    dismissed, task = known(ANNA, "operator").model_copy(update={"active": False}), assigned()
    await write(notifications_db, dismissed, task, requested(template="none", lead_id=task.lead_id))
    async with running_api(notifications_db) as api:
        assert (await api.call("GET", path, role="operator")).json()["items"] == []
