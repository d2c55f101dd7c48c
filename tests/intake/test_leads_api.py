"""Leads as people see them, and what tasks may change about them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.intake import LeadStatusChanged, LeadStatusRefused
from libs.common.contracts.shared import Presence, Stage, Text
from libs.common.contracts.tasks import LeadOwnerChanged, LeadStatusRequested, TaskAssigned
from libs.common.platform.ids import uuid7
from tests.intake.api import Api, lead_of, order

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def a_lead(api: Api, number: str = "1", phone: str = "8 916 123-45-67", **members: object) -> UUID:
    rows = await api.ctx.core.db.pool.fetch("SELECT key FROM source WHERE code = 'landing'")
    url = f"/intake/v1/hooks/{rows[0]['key']}" if rows else await api.source()
    return lead_of(await api.deliver(url, order(number, phone, **members)))


def wish(lead_id: UUID, status: str, stage: Stage, actor: str = "system") -> LeadStatusRequested:
    title = Text(ru="Статус", en="Status")
    return LeadStatusRequested(
        lead_id=lead_id, status=status, title=title, stage=stage, actor=actor, reason="opened"
    )


def owner(lead_id: UUID, operator: UUID | None) -> LeadOwnerChanged:
    return LeadOwnerChanged(lead_id=lead_id, from_operator_id=None, to_operator_id=operator, reason="assigned")


def given(lead_id: UUID, operator: UUID, *, owns: bool) -> TaskAssigned:
    return TaskAssigned(
        task_id=uuid7(), lead_id=lead_id, task_type="call", title=Text(ru="Звонок", en="Call"), due_at=NOON,
        operator_id=operator, decision_id=uuid7(), owns_lead=owns,
    )  # fmt: skip


def operator(operator_id: UUID, subject: str) -> OperatorChanged:
    return OperatorChanged(
        operator_id=operator_id, subject=subject, name=subject, active=True, roles=(), desks=("demo",), pools=(),
        products=(), capacity=20, presence=Presence.CHECKED_IN,
    )  # fmt: skip


async def found(api: Api, query: str) -> list[str]:
    items = (await api.ok("GET", f"/leads?{query}"))["items"]
    assert isinstance(items, list)
    return [str(item["person"]["name"]) for item in items]


@pytest.mark.req("P.3")
async def test_a_wished_status_is_applied_and_explained(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.hear(wish(lead_id, "in_work", Stage.WORKING))
    [event] = await api.said(LeadStatusChanged)
    lines = (await api.ok("GET", f"/leads/{lead_id}/history"))["items"]
    assert isinstance(lines, list)
    assert (event.from_status, event.to_status, event.stage) == ("new", "in_work", "working")
    assert [(x["actor"], x["from_value"], x["to_value"], x["reason"]) for x in lines] == [
        ("source:landing", None, "new", "received"),
        ("system", "new", "in_work", "opened"),
    ]


async def test_a_lead_shows_its_status_in_the_callers_language(api: Api) -> None:
    lead_id = await a_lead(api)
    titles = [
        (await api.ok("GET", f"/leads/{lead_id}", headers={"accept-language": language}))["title"]
        for language in ("ru", "en")
    ]
    assert titles == ["Новый", "New"]


@pytest.mark.parametrize(("owns", "changes"), [(True, 1), (False, 0)])
async def test_who_is_given_a_task_owns_the_lead_where_the_event_says_so(
    api: Api, owns: bool, changes: int
) -> None:
    lead_id, who = await a_lead(api), uuid7()
    await api.hear(*[given(lead_id, who, owns=owns)] * 2)
    lines = (await api.ok("GET", f"/leads/{lead_id}/history"))["items"]
    assert isinstance(lines, list)
    assert [line["to_value"] for line in lines if line["what"] == "lead_owner"] == [str(who)] * changes


async def test_several_steps_in_one_batch_are_all_published_in_order(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.hear(wish(lead_id, "a", Stage.WORKING), wish(lead_id, "b", Stage.BOOKED), owner(lead_id, uuid7()))
    steps = [(e.from_status, e.to_status) for e in await api.said(LeadStatusChanged)]
    view = await api.ok("GET", f"/leads/{lead_id}")
    assert steps == [("new", "a"), ("a", "b")]
    assert (view["status"], view["stage"], view["version"]) == ("b", "booked", 2)


async def test_a_lead_takes_the_title_that_its_playbook_gives_its_first_status(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.hear(wish(lead_id, "new", Stage.NEW).model_copy(update={"title": Text(ru="Ждёт", en="Waits")}))
    assert (await api.ok("GET", f"/leads/{lead_id}"))["title"] == "Ждёт"
    assert [await api.count("history"), await api.count("outbox")] == [1, 1]


async def test_the_present_status_again_publishes_nothing(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.hear(wish(lead_id, "new", Stage.NEW))
    assert [await api.count("history"), await api.count("outbox")] == [1, 1]


async def test_the_system_does_not_reopen_a_lost_lead(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.hear(wish(lead_id, "lost", Stage.LOST), wish(lead_id, "in_work", Stage.WORKING))
    [refused] = await api.said(LeadStatusRefused)
    assert (refused.status, refused.current_status, refused.code) == ("in_work", "lost", "lead_is_final")


async def test_a_person_reopens_a_lost_lead(api: Api) -> None:
    lead_id = await a_lead(api)
    await api.hear(wish(lead_id, "lost", Stage.LOST), wish(lead_id, "in_work", Stage.WORKING, str(uuid7())))
    assert (await api.ok("GET", f"/leads/{lead_id}"))["stage"] == "working"


@pytest.mark.parametrize("desk", ["demo", "other"])
async def test_a_status_for_an_unknown_lead_or_another_desk_is_refused(api: Api, desk: str) -> None:
    lead_id = uuid7() if desk == "demo" else await a_lead(api)
    await api.hear(wish(lead_id, "in_work", Stage.WORKING), desk=desk)
    assert [e.code for e in await api.said(LeadStatusRefused)] == ["unknown_lead"]


@pytest.mark.req("P.3")
async def test_an_owner_is_projected_and_kept_in_the_history(api: Api) -> None:
    lead_id, ann, bob = await a_lead(api), uuid7(), uuid7()
    await api.hear(owner(lead_id, ann), owner(lead_id, bob), owner(uuid7(), ann))
    lines = (await api.ok("GET", f"/leads/{lead_id}/history"))["items"]
    assert isinstance(lines, list)
    assert (await api.ok("GET", f"/leads/{lead_id}"))["owner_id"] == str(bob)
    assert [(x["from_value"], x["to_value"]) for x in lines[1:]] == [(None, str(ann)), (str(ann), str(bob))]


@pytest.mark.req("S1.11")
async def test_the_history_shows_what_the_source_said_about_the_order(api: Api) -> None:
    lead_id = await a_lead(api)
    await a_lead(api, status="paid")
    lines = await api.ok("GET", f"/leads/{lead_id}/history?limit=1")
    rest = await api.ok("GET", f"/leads/{lead_id}/history?cursor={lines['next_cursor']}")
    assert isinstance(rest["items"], list)
    assert [(x["what"], x["from_value"], x["to_value"]) for x in rest["items"]] == [("order_status", "new", "paid")]


@pytest.mark.req("S4.15")
@pytest.mark.parametrize("q", ["89161234567", "%2B7 916 123 45 67", "9161234567", "123-45-67", "anna@b.ru", "1001",
                               "анн"])  # fmt: skip
async def test_a_lead_is_found_however_it_is_spelled(api: Api, q: str) -> None:
    await a_lead(api, email="Anna@b.ru")
    await a_lead(api, "2", "8 916 765-43-21", name="Борис")
    assert await found(api, f"q={q}") == ["Анна"]


@pytest.mark.parametrize("q", ["%25", "_", "9" * 30, "nobody", "%27"])
async def test_odd_searches_find_nothing(api: Api, q: str) -> None:
    await a_lead(api)
    assert await found(api, f"q={q}") == []


async def test_the_list_is_filtered_and_paged(api: Api) -> None:
    for number in range(3):
        await a_lead(api, str(number), f"8 916 123-45-6{number}", name=f"n{number}")
    page = await api.ok("GET", "/leads?limit=2&stage=new&source=landing&desk=demo")
    assert isinstance(page["items"], list)
    rest = await found(api, f"limit=2&cursor={page['next_cursor']}")
    assert [item["person"]["name"] for item in page["items"]] + rest == ["n2", "n1", "n0"]
    assert await found(api, "stage=won") == await found(api, "created_to=2026-01-01T00:00:00Z") == []


@pytest.mark.req("P.6")
@pytest.mark.parametrize(
    "path", ["/leads/{lead}", "/leads/{lead}/history", "/orders/{order}", "/customers/{customer}"]
)
async def test_what_belongs_to_another_desk_does_not_exist(api: Api, path: str) -> None:
    lead_id = await a_lead(api)
    await api.hire()
    view = await api.ok("GET", f"/leads/{lead_id}")
    assert isinstance(view["orders"], list)
    filled = path.format(lead=lead_id, order=view["orders"][0]["id"], customer=view["customer_id"])
    codes = [(await api.call("GET", filled, role="operator", desks=[desk])).status_code for desk in ("demo", "x")]
    assert codes == [200, 404]


@pytest.mark.req("P.6")
@pytest.mark.parametrize(("owned_by", "role", "code"), [
    ("ann", "operator", 200), ("bob", "operator", 404), ("bob", "supervisor", 200), (None, "operator", 200),
])  # fmt: skip
async def test_an_operator_reads_what_is_theirs_or_nobodys(
    api: Api, owned_by: str | None, role: str, code: int
) -> None:
    lead_id, ids = await a_lead(api), {"ann": uuid7(), "bob": uuid7()}
    await api.hear(*(operator(ids[name], name) for name in ids))
    await api.hear(owner(lead_id, ids[owned_by] if owned_by else None))
    view = await api.ok("GET", f"/leads/{lead_id}")
    assert isinstance(view["orders"], list)
    paths = (f"/leads/{lead_id}", f"/leads/{lead_id}/history", f"/orders/{view['orders'][0]['id']}",
             f"/customers/{view['customer_id']}")  # fmt: skip
    answers = [await api.call("GET", path, role=role, desks=["demo"]) for path in paths]
    listed = (await api.call("GET", "/leads", role=role, desks=["demo"])).json()["items"]
    assert ([answer.status_code for answer in answers], len(listed)) == ([code] * 4, int(code == 200))


@pytest.mark.req("U10", "P.6")
async def test_an_operator_who_was_dismissed_or_never_hired_sees_nothing(api: Api) -> None:
    lead_id, ann = await a_lead(api), uuid7()
    asked = [api.call("GET", f"/leads/{lead_id}", role="operator", desks=["demo"]) for _ in range(3)]
    unknown = await asked[0]
    await api.hire(operator_id=ann)
    hired = await asked[1]
    await api.hire(operator_id=ann, active=False)
    assert [each.status_code for each in (unknown, hired, await asked[2])] == [404, 200, 404]
    assert (await api.call("GET", "/leads", role="operator", desks=["demo"])).json()["items"] == []


async def test_a_customer_shows_identities_and_all_orders(api: Api) -> None:
    lead_id = await a_lead(api, email="anna@b.ru")
    await a_lead(api, "2")
    customer = (await api.ok("GET", f"/leads/{lead_id}"))["customer_id"]
    view = await api.ok("GET", f"/customers/{customer}")
    assert isinstance(view["orders"], list)
    assert [each["order_number"] for each in view["orders"]] == ["1001", "1002"]
    assert view["identities"] == [
        {"kind": "email", "value": "anna@b.ru"},
        {"kind": "phone", "value": "+79161234567"},
    ]
