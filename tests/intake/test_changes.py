"""What tasks asks to be changed: applied once, fenced by version, answered by an event."""

import asyncio
from uuid import UUID

import pytest

from libs.common.contracts.intake import ChangeRefused, CustomerChanged, LeadUpdated, OrderChanged
from libs.common.contracts.shared import ChangeTarget, Customer, Identity, IdentityKind, Stage
from libs.common.contracts.tasks import ChangeRequested
from libs.common.platform.ids import uuid7
from tests.intake.api import Api, order
from tests.intake.test_leads_api import wish

OTHER_TARGETS = sorted(
    set(ChangeTarget)
    - {
        ChangeTarget.ORDER_STATUS,
        ChangeTarget.ORDER_FIELDS,
        ChangeTarget.PINNED_COMMENT,
        ChangeTarget.CUSTOMER_FIELDS,
        ChangeTarget.APPOINTMENT,
        ChangeTarget.PAYMENT,
        ChangeTarget.REFUND,
        ChangeTarget.ACCESS,
    }
)


def asked(
    target: ChangeTarget, target_id: object, version: int | None = None, **members: object
) -> ChangeRequested:
    fields = {
        "request_id": uuid7(),
        "target": target,
        "target_id": target_id,
        "expected_version": version,
        "actor": "0190",
        "reason": "outcome.confirmed",
    }
    return ChangeRequested.model_validate({**fields, **members})


async def lead(api: Api, source: str = "landing", phone: str = "8 916 123-45-67") -> dict[str, object]:
    """Deliver an order and return its lead as the API shows it."""
    answer = await api.deliver(await api.source(source, format="landing"), order(phone=phone))
    return await api.ok("GET", f"/leads/{answer['lead_id']}")


def order_of(view: dict[str, object]) -> dict[str, object]:
    orders = view["orders"]
    assert isinstance(orders, list)
    return dict(orders[0])


async def history(api: Api, view: dict[str, object]) -> tuple[object, ...]:
    """Return what, from and to of the newest line."""
    lines = (await api.ok("GET", f"/leads/{view['id']}/history"))["items"]
    assert isinstance(lines, list)
    return tuple(lines[-1][name] for name in ("what", "from_value", "to_value", "actor"))


@pytest.mark.req("S1.7", "P.3")
async def test_an_order_takes_the_status_that_tasks_asks_for(api: Api) -> None:
    view = await lead(api)
    request = asked(ChangeTarget.ORDER_STATUS, order_of(view)["id"], 1, values={"status": "confirmed"})
    await api.hear(request)
    [event] = await api.said(OrderChanged)
    assert (event.from_status, event.to_status, event.version) == ("new", "confirmed", 2)
    assert (event.request_id, str(event.lead_id)) == (request.request_id, view["id"])
    assert await history(api, view) == ("order_status", "new", "confirmed", "0190")


@pytest.mark.req("S1.12")
async def test_an_order_s_fields_change_without_its_status(api: Api) -> None:
    view = await lead(api)
    values = {"amount": "743.00", "payment_link": "https://pay.example/7"}
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_of(view)["id"], 1, values=values))
    [event] = await api.said(OrderChanged)
    assert event.filled == ("amount", "payment_link")
    assert event.amount is not None
    assert (str(event.amount.amount), event.from_status, event.to_status) == ("743.00", "new", "new")
    assert await history(api, view) == (
        "order_fields",
        "amount=1990.00, payment_link=",
        "amount=743.00, payment_link=https://pay.example/7",
        "0190",
    )


@pytest.mark.req("S0.6")
async def test_an_order_takes_remarks_which_no_event_repeats(api: Api) -> None:
    view = await lead(api)
    values = {"remarks": "Анна просит тихого мастера"}
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_of(view)["id"], 1, values=values))
    [event] = await api.said(OrderChanged)
    shown = order_of(await api.ok("GET", f"/leads/{view['id']}"))
    assert (shown["remarks"], event.filled) == (values["remarks"], ("amount", "remarks"))
    assert "Анна" not in event.model_dump_json()
    assert await history(api, view) == ("order_fields", "remarks=", "remarks", "0190")


async def test_a_later_delivery_keeps_the_remarks(api: Api) -> None:
    view = await lead(api)
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_of(view)["id"], 1, values={"remarks": "с собакой"}))
    key = await api.ctx.core.db.pool.fetchval("SELECT key FROM source")
    await api.deliver(f"/intake/v1/hooks/{key}", order(status="paid"))
    [_, event] = await api.said(OrderChanged)
    assert (event.to_status, event.filled) == ("paid", ("amount", "remarks"))


@pytest.mark.req("S2.7")
async def test_a_lead_keeps_its_present_situation_in_words(api: Api) -> None:
    view = await lead(api)
    request = asked(ChangeTarget.PINNED_COMMENT, view["id"], 1, values={"text": "ждёт зарплаты"})
    await api.hear(request)
    [event] = await api.said(LeadUpdated)
    shown = await api.ok("GET", f"/leads/{view['id']}")
    assert (event.request_id, event.version, shown["pinned_comment"]) == (request.request_id, 2, "ждёт зарплаты")
    assert "ждёт" not in event.model_dump_json()


@pytest.mark.req("S1.5", "P.13")
async def test_a_customer_and_their_leads_under_way_take_the_corrected_person(api: Api) -> None:
    view = await lead(api)
    person = Customer(
        name="Анна Иванова", phone="+79160000000", identities=(Identity(kind=IdentityKind.MAX, value="m-7"),)
    )
    request = asked(ChangeTarget.CUSTOMER_FIELDS, view["customer_id"], 1, person=person, lead_id=view["id"])
    await api.hear(request)
    [changed], [updated] = await api.said(CustomerChanged), await api.said(LeadUpdated)
    assert (changed.request_id, changed.version, str(changed.lead_id)) == (request.request_id, 2, view["id"])
    assert (changed.person.name, changed.person.phone) == ("Анна Иванова", "+79160000000")
    assert {each.value for each in changed.person.identities} == {"m-7", "+79161234567"}
    assert (updated.person.phone, updated.request_id) == ("+79160000000", None)


async def test_each_answer_stands_under_its_own_key(api: Api) -> None:
    view = await lead(api)
    await api.ctx.core.db.pool.execute("DELETE FROM outbox")
    await api.hear(asked(ChangeTarget.CUSTOMER_FIELDS, view["customer_id"], person=Customer(name="Анна И.")))
    keys = await api.ctx.core.db.pool.fetch("SELECT key FROM outbox ORDER BY id")
    assert [row["key"] for row in keys] == [f"customer:{view['customer_id']}", f"lead:{view['id']}"]


async def test_a_lead_that_is_over_keeps_whom_it_was_about(api: Api) -> None:
    view = await lead(api)
    await api.hear(wish(UUID(str(view["id"])), "won", Stage.WON))
    await api.hear(asked(ChangeTarget.CUSTOMER_FIELDS, view["customer_id"], person=Customer(name="Другая")))
    shown = await api.ok("GET", f"/leads/{view['id']}")
    assert shown["person"] == view["person"]


async def test_an_identity_of_another_customer_is_refused(api: Api) -> None:
    view = await lead(api)
    await lead(api, "other", "8 916 000-00-00")
    person = Customer(phone="+79160000000")
    await api.hear(asked(ChangeTarget.CUSTOMER_FIELDS, view["customer_id"], person=person))
    [event] = await api.said(ChangeRefused)
    assert (event.code, event.current_version, await api.said(CustomerChanged)) == ("identity_taken", 1, [])


@pytest.mark.parametrize(
    ("target", "values"),
    [
        (ChangeTarget.ORDER_STATUS, {"status": "paid"}),
        (ChangeTarget.ORDER_FIELDS, {"amount": "1"}),
        (ChangeTarget.PINNED_COMMENT, {"text": "x"}),
        (ChangeTarget.CUSTOMER_FIELDS, {}),
    ],
)
async def test_what_is_not_as_the_caller_saw_it_is_refused_with_the_current_version(
    api: Api, target: ChangeTarget, values: dict[str, str]
) -> None:
    view = await lead(api)
    ids = {
        ChangeTarget.PINNED_COMMENT: view["id"],
        ChangeTarget.CUSTOMER_FIELDS: view["customer_id"],
    }
    person = Customer(name="Другая") if target is ChangeTarget.CUSTOMER_FIELDS else None
    request = asked(target, ids.get(target, order_of(view)["id"]), 7, values=values, person=person)
    await api.hear(request)
    [event] = await api.said(ChangeRefused)
    assert (event.request_id, event.code, event.current_version) == (request.request_id, "stale_version", 1)


@pytest.mark.parametrize("target", OTHER_TARGETS)
async def test_what_intake_does_not_have_yet_is_refused(api: Api, target: ChangeTarget) -> None:
    await api.hear(asked(target, uuid7(), lead_id=uuid7()))
    [event] = await api.said(ChangeRefused)
    assert (event.code, event.current_version) == ("unknown_target", None)


async def test_a_refusal_names_every_fault_and_stands_under_the_request_s_key(api: Api) -> None:
    view = await lead(api)
    values = {"amount": "many", "currency": "rouble"}
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, order_of(view)["id"], values=values))
    [event] = await api.said(ChangeRefused)
    assert [(fault.field, fault.code) for fault in event.faults] == [
        ("amount", "not_an_amount"),
        ("currency", "unknown_currency"),
    ]
    assert await api.ctx.core.db.pool.fetchval("SELECT key FROM outbox ORDER BY id DESC LIMIT 1") == "lead:x"


async def test_another_desk_s_order_is_not_found(api: Api) -> None:
    view = await lead(api)
    request = asked(ChangeTarget.ORDER_STATUS, order_of(view)["id"], values={"status": "paid"})
    await api.hear(request, desk="other")
    [event] = await api.said(ChangeRefused)
    assert (event.code, event.current_version) == ("not_found", None)


@pytest.mark.req("P.2")
async def test_the_same_request_again_changes_nothing_and_gets_no_second_answer(api: Api) -> None:
    view = await lead(api)
    request = asked(ChangeTarget.ORDER_STATUS, order_of(view)["id"], values={"status": "paid"})
    await api.hear(request, request)
    await api.hear(asked(ChangeTarget.ORDER_STATUS, order_of(view)["id"], values={"status": "new"}))
    await api.hear(request)
    assert [event.to_status for event in await api.said(OrderChanged)] == ["paid", "new"]


async def test_what_is_so_already_is_answered_and_changes_no_version(api: Api) -> None:
    view = await lead(api)
    await api.hear(asked(ChangeTarget.ORDER_STATUS, order_of(view)["id"], 1, values={"status": "new"}))
    [event] = await api.said(OrderChanged)
    assert (event.version, await api.count("history")) == (1, 1)


async def test_of_two_who_saw_the_same_version_one_is_applied(api: Api) -> None:
    view = await lead(api)
    requests = [
        asked(ChangeTarget.ORDER_STATUS, order_of(view)["id"], 1, values={"status": status})
        for status in ("confirmed", "refused")
    ]
    await asyncio.gather(*(api.hear(request) for request in requests))
    assert (len(await api.said(OrderChanged)), len(await api.said(ChangeRefused))) == (1, 1)


async def test_an_answer_says_of_an_order_what_the_change_of_a_delivery_says(api: Api) -> None:
    url = await api.source()
    for paid in ("500", "1990"):
        await api.deliver(url, order(items=[{"title": "Крем", "price": "995", "quantity": 2}], paid=paid))
    [by_delivery] = await api.said(OrderChanged)
    await api.hear(asked(ChangeTarget.ORDER_FIELDS, by_delivery.order_id, by_delivery.version))
    [_, by_request] = await api.said(OrderChanged)
    assert by_request.model_copy(update={"request_id": None}) == by_delivery
