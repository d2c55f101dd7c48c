"""A desk that masks shows operators no whole address where neither the lead nor its task is their own (P.7)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts import EventData, Received
from libs.common.contracts.masking import MaskingChanged
from libs.common.contracts.notices import CallRinging
from libs.common.contracts.shared import Customer, Text
from libs.common.contracts.tasks import LeadOwnerChanged, TaskAssigned, TaskReassigned
from libs.common.platform.clock import ManualClock
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language
from libs.common.platform.ids import uuid7
from services.notifications.feed.api import shape
from services.notifications.feed.queries import items_after
from services.notifications.feed.rules import RINGS, rings
from services.notifications.subscriptions import subscriptions
from tests.notifications.api import Api, running_api
from tests.notifications.support import CAUSE, Desk, context, open_desk, requested
from tests.notifications.test_conversations import hear, listed, resolve
from tests.notifications.test_feed import ANNA, BORIS, DUE, known, write
from tests.notifications.test_received import CUSTOMER, LEAD, said
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.req("P.7")

NUMBER, MASKED = "+79000000001", "+7***0001"
DIGITS = NUMBER[1:]  # as the provider writes it
MASKS = MaskingChanged(lists=True)
OWNED = LeadOwnerChanged(lead_id=LEAD, from_operator_id=None, to_operator_id=ANNA, reason="taken")
SEQUENCE = itertools.count(1)
NAMED = ("conversations", "received-messages", "messages")


@pytest.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        await write(notifications_db, known(ANNA, "operator"), known(BORIS, "boris"))
        yield opened


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    async with running_api(desk.db, clock=ManualClock(DUE + RINGS)) as running:
        yield running


async def tell(desk: Desk, *events: EventData) -> None:
    """Apply events one after the other, each later in its stream than the one before."""
    ctx = context(desk.db, "http://127.0.0.1:9")
    async with desk.db.begin() as tx:
        for data in events:
            event = Received(uuid7(), "lead:1", "demo", DUE, next(SEQUENCE), CAUSE, data)
            await subscriptions(ctx)[data.event_type](tx, [event])
        await tx.commit()
    await ctx.transport.close()


async def shown(api: Api, role: str = "operator") -> dict[str, bool]:
    """Return of each list, and of its one item alone, whether the whole number stands in it."""
    found = {}
    for name in NAMED:
        listed = await api.call("GET", f"/{name}", role=role)
        (one,) = listed.json()["items"]
        alone = await api.call("GET", f"/{name}/{one['id']}", role=role)
        assert [answer.status_code for answer in (listed, alone)] == [200, 200]
        (said_in_list, said_alone) = (DIGITS in answer.text for answer in (listed, alone))
        assert said_in_list == said_alone
        found[name] = said_in_list
    return found


async def test_conversations_and_messages_show_numbers_to_who_works_the_lead(desk: Desk, api: Api) -> None:
    await tell(desk, given(ANNA), given(BORIS))  # Anna has had a task of it, and sees it
    await desk.request(requested(customer_id=CUSTOMER, lead_id=LEAD))
    await hear(desk, said())
    await resolve(desk)
    before = await shown(api)
    await tell(desk, MASKS)
    strange, managed = await shown(api), await shown(api, "supervisor")
    await tell(desk, OWNED)
    assert (before, managed) == (dict.fromkeys(NAMED, True),) * 2
    assert (strange, await shown(api)) == (dict.fromkeys(NAMED, False), dict.fromkeys(NAMED, True))


async def test_a_part_of_a_number_finds_conversations_of_ones_own_leads_alone(desk: Desk, api: Api) -> None:
    await hear(desk, said())
    await resolve(desk)
    await tell(desk, MASKS)
    queries = [f"q={DIGITS[-4:]}", f"q={DIGITS[1:]}", "q=Тестова"]
    strange = [len(await listed(api, query, role="operator")) for query in queries]
    await tell(desk, OWNED)
    own = [len(await listed(api, query, role="operator")) for query in queries]
    assert (strange, own) == ([0, 1, 1], [1, 1, 1])


async def test_an_answer_goes_to_a_number_that_its_writer_sees_masked(desk: Desk, api: Api) -> None:
    await hear(desk, said())
    await resolve(desk)
    await tell(desk, MASKS)
    answer = await api.call("POST", f"/conversations/{CUSTOMER}/messages", {"text": "Едем"}, role="operator")
    [row] = await desk.rows("SELECT address FROM message")
    assert (answer.status_code, row["address"]) == (201, DIGITS)


def given(operator: object) -> TaskAssigned:
    """A task of the lead that an operator has got."""
    return TaskAssigned.model_validate(
        {
            "task_id": uuid7(), "lead_id": LEAD, "task_type": "call", "title": Text(ru="Позвонить", en="Call"),
            "due_at": DUE, "operator_id": operator, "decision_id": uuid7(), "zone": "Asia/Omsk",
            "person": Customer(name="Анна Тестова", phone=NUMBER),
        }
    )  # fmt: skip


def moved(task: TaskAssigned) -> TaskReassigned:
    """Anna's task, given to Boris."""
    more = {
        "from_operator_id": ANNA,
        "to_operator_id": BORIS,
        "reason": "assigned",
        "actor": "boss",
        "pool": "main",
    }
    return TaskReassigned.model_validate({**task.model_dump(), **more})


async def feed(api: Api) -> list[tuple[str, str | None]]:
    answer = await api.call("GET", "/feed", role="operator")
    return [(one["kind"], one["customer"] and one["customer"]["phone"]) for one in answer.json()["items"]]


async def test_the_feed_shows_a_number_as_long_as_the_task_is_ones_own(desk: Desk, api: Api) -> None:
    task = given(ANNA)
    await tell(desk, MASKS, task)
    own = await feed(api)
    await tell(desk, given(BORIS))  # another task of the lead: hers is still hers
    both = await feed(api)
    await tell(desk, moved(task))
    assert (own, both) == ([("task_assigned", NUMBER)],) * 2
    assert await feed(api) == [("task_moved", None), ("task_assigned", MASKED)]


async def test_the_feed_shows_the_number_of_a_customer_without_a_lead_as_long_as_the_task_is_ones_own(
    desk: Desk, api: Api
) -> None:
    task = TaskAssigned.model_validate({**given(ANNA).model_dump(), "lead_id": None})
    await tell(desk, MASKS, task)
    own = await feed(api)
    await tell(desk, moved(task))
    assert (own, await feed(api)) == (
        [("task_assigned", NUMBER)],
        [("task_moved", None), ("task_assigned", MASKED)],
    )


@pytest.mark.parametrize("lead_id", [LEAD, None])
async def test_a_call_shows_its_number_while_it_rings_and_afterwards_to_who_works_the_lead(
    desk: Desk, api: Api, lead_id: UUID | None
) -> None:
    calls = CallRinging(
        contact_id=uuid7(), lead_id=lead_id, operator_id=ANNA, extension="101", at=DUE, zone="Asia/Omsk",
        person=Customer(name="Анна", phone=NUMBER),
    )  # fmt: skip
    await tell(desk, MASKS, calls)
    (item,) = await items_after(desk.db, ANNA, 0, 10)
    ringing = shape(item, Language.RU, DUE)
    strange = await feed(api)
    await tell(desk, OWNED)
    assert (ringing.customer and ringing.customer.phone) == NUMBER
    assert (strange, await feed(api)) == (
        [("call_ringing", MASKED)],
        [("call_ringing", NUMBER if lead_id else MASKED)],
    )


@pytest.mark.parametrize(
    ("later", "shown"), [(-RINGS, False), (-RINGS / 2, True), (RINGS / 2, True), (RINGS, False)]
)
def test_a_telephone_rings_for_minutes_whatever_the_clock_of_its_exchange(later: timedelta, shown: bool) -> None:
    assert rings("call_ringing", DUE, DUE + later) is shown


async def test_the_live_feed_masks_what_came_while_nobody_looked(desk: Desk) -> None:
    task = given(ANNA)
    await tell(desk, MASKS, task, moved(task))
    ctx = context(desk.db, "http://127.0.0.1:9")
    async with asyncio.timeout(PATIENCE), aclosing(ctx.hub.follow("operator", 0)) as items:
        first = shape(await anext(items), Language.RU, DUE)
    await ctx.hub.close()
    await ctx.transport.close()
    assert (first.kind, first.customer and first.customer.phone) == ("task_assigned", MASKED)
