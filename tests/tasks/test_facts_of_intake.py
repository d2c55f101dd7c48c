"""What tasks makes of the facts of intake: leads of both forms, leads without an order, contacts, refusals."""

from typing import cast
from uuid import UUID

import pytest

from libs.common.contracts import REGISTRY, intake, tasks
from libs.common.contracts.shared import ChangeTarget, Customer, OrderStatus, Stage
from libs.common.messaging.inbox.incoming import Reader, Skipped
from libs.common.platform.ids import uuid7
from services.tasks.context import Context
from services.tasks.subscriptions import subscriptions
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, contact, lead_v2
from tests.tasks.inbox import TOPIC, Inbox

ORDER = intake.Order(
    id=UUID(int=9), number="1042", external_id="LP-77", status=OrderStatus.NEW, version=1,
    items=(intake.Item(title="Курс", code="course"),),
)  # fmt: skip


async def steps(api: Api, lead_id: UUID) -> list[Json]:
    answer = await api.call("GET", "/timeline", role="supervisor", params={"lead_id": str(lead_id)})
    found: list[Json] = answer.json()["items"]
    return found


async def test_a_lead_of_the_second_form_opens_its_task_as_one_of_the_first(desk: Desk) -> None:
    received = lead_v2("callback", order=ORDER)
    await desk.receive(received)
    (opened,) = await desk.tasks()
    (asked,) = await desk.sent(tasks.WorkRequested)
    assert (opened.lead_id, asked.products) == (received.lead_id, ("course",))


async def test_a_lead_without_an_order_is_worked(desk: Desk, api: Api) -> None:
    received = lead_v2("callback", contact=intake.Contact.model_validate(contact().model_dump()))
    await desk.receive(received)
    task = await api.task(received.lead_id)
    assert (task["lead_id"], task["order_number"]) == (str(received.lead_id), None)


async def test_a_lead_born_in_its_first_status_asks_for_no_other(desk: Desk) -> None:
    await desk.receive(lead_v2("callback"))
    assert await desk.sent(tasks.LeadStatusRequested) == []


@pytest.mark.parametrize("unseen", [{"title": None}, {"status": "of_another_version"}])
async def test_a_lead_whose_playbook_intake_had_not_seen_asks_for_its_status(
    desk: Desk, unseen: dict[str, object]
) -> None:
    await desk.receive(lead_v2("callback", **unseen))
    (asked,) = await desk.sent(tasks.LeadStatusRequested)
    assert (asked.status, asked.stage) == ("new", Stage.NEW)


@pytest.mark.req("P.3")
async def test_a_contact_stands_in_the_timeline_of_its_lead(desk: Desk, api: Api) -> None:
    received = lead_v2("callback")
    await desk.receive(received, contact(lead_id=received.lead_id))
    assert "Обращение: missed" in [step["title"] for step in await steps(api, received.lead_id)]


async def test_a_contact_of_no_known_lead_changes_nothing(desk: Desk) -> None:
    await desk.receive(contact())
    assert await desk.ctx.db.pool.fetchval("SELECT count(*) FROM timeline_entry") == 0


@pytest.mark.req("P.3")
async def test_a_customer_changed_for_a_lead_is_told_in_the_lead_s_timeline_too(desk: Desk, api: Api) -> None:
    received = lead_v2("callback")
    changed = intake.CustomerChanged(
        customer_id=received.customer_id, lead_id=received.lead_id, version=2, person=Customer()
    )
    await desk.receive(received, changed)
    assert "Карточка клиента изменена" in [step["title"] for step in await steps(api, received.lead_id)]


@pytest.mark.req("P.3")
async def test_a_refused_change_says_why_in_the_timeline(desk: Desk, api: Api) -> None:
    received = lead_v2("callback", order=ORDER)
    refused = intake.ChangeRefused(
        request_id=uuid7(), target=ChangeTarget.ORDER_STATUS, target_id=ORDER.id, lead_id=received.lead_id,
        code="stale_version", current_version=3,
    )  # fmt: skip
    await desk.receive(received, refused)
    titles = [step["title"] for step in await steps(api, received.lead_id)]
    assert "Изменение не принято (order_status): stale_version" in titles


def reader_before() -> Reader:
    """The reader of the release before, which knows no lead of the second form."""
    known = {name: model for name, model in REGISTRY.items() if model is not intake.LeadReceivedV2}
    table = subscriptions(cast("Context", None))  # the table is read, none of its use cases runs
    return Reader({name: use_case for name, use_case in table.items() if name in known}, known)


@pytest.mark.req("P.1")
async def test_a_lead_that_the_release_before_could_not_read_goes_on_after_the_upgrade_with_what_came_behind(
    desk: Desk,
) -> None:
    inbox, received = Inbox.of(desk), lead_v2("school", order=ORDER)
    paid = intake.OrderChanged(
        lead_id=received.lead_id, order_id=ORDER.id, order_number=ORDER.number, external_id=ORDER.external_id,
        from_status=OrderStatus.NEW, to_status=OrderStatus.PAID,
    )  # fmt: skip
    for data in (received, paid):
        await inbox.incoming(data)
    for item in reader_before().read(inbox.bus.records(TOPIC)):
        assert not isinstance(item, Skipped)
        assert not await inbox.applier.apply_or_park(item)
    await inbox.replayer.learn()
    await inbox.replayer.look()
    (opened,), (ended,) = await desk.tasks(), await desk.sent(tasks.TaskCompleted)
    assert (opened.lead_id, ended.task_id) == (received.lead_id, opened.task_id)
