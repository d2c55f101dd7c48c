"""The order desk as a playbook: tabs without a gap, a matrix for each way to end a call, attempts (S1)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts import tasks
from libs.common.contracts.shared import ChangeTarget
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, lead_v2

ORDERS = Path("tests/tasks/order_desk.yaml").read_text(encoding="utf-8")
LATE = {"call_made": True, "problem": "busy"}


@pytest_asyncio.fixture
async def orders(desk: Desk) -> Desk:
    await desk.activate_playbook(ORDERS)
    return desk


async def call(api: Api, lead_id: UUID, outcome: str, **given: object) -> Json:
    """Take the lead's call, end it so, and return the answer with its status."""
    task = (await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")).json()
    answer = await api.outcome(task, outcome, **given)  # type: ignore[arg-type]  # members of the body
    return {"status": answer.status_code, **answer.json()}


async def unanswered(desk: Desk, api: Api, times: int) -> UUID:
    lead_id = await desk.lead("orders")
    for _ in range(times):
        assert (await call(api, lead_id, "no_answer", **LATE))["status"] == 200
    return lead_id


async def tabs(api: Api) -> dict[str, list[str]]:
    """The tabs of each lead's open call."""
    found: dict[str, list[str]] = {}
    for queue in (await api.call("GET", "/queues", role="supervisor", params={"desk": "demo"})).json()["items"]:
        if "orders" in queue["playbooks"]:
            path = f"/queues/{queue['code']}/tasks"
            shown = (await api.call("GET", path, role="supervisor", params={"desk": "demo", "limit": "200"})).json()
            for task in shown["items"]:
                found.setdefault(task["lead_id"], []).append(queue["code"])
    return found


@pytest.mark.req("S1.1")
@pytest.mark.parametrize(
    ("calls", "later", "tab"),
    [
        (0, timedelta(0), "new"),
        (0, timedelta(days=5), "new"),
        (1, timedelta(0), "quick"),
        (3, timedelta(0), "quick"),
        (4, timedelta(0), "today"),
        (1, timedelta(hours=11, minutes=59), "quick"),
        (1, timedelta(hours=12), "yesterday"),
        (4, timedelta(hours=36), "day_before"),
        (2, timedelta(hours=60), "earlier"),
    ],
)
async def test_an_order_is_in_the_tab_of_its_attempts_and_its_day(
    orders: Desk, api: Api, calls: int, later: timedelta, tab: str
) -> None:
    lead_id = await unanswered(orders, api, calls)
    await orders.pass_time(later)
    assert (await tabs(api))[str(lead_id)] == [tab]


@pytest.mark.req("S1.1")
async def test_every_unfinished_order_is_in_exactly_one_tab_at_every_instant(orders: Desk, api: Api) -> None:
    dice = Random(11)  # noqa: S311 - a story that can be repeated
    leads: list[UUID] = []
    for _ in range(14):
        leads.append(await orders.lead("orders"))
        for lead_id in dice.sample(leads, k=min(3, len(leads))):
            asked = (orders.clock.now() + timedelta(hours=dice.randint(1, 30))).isoformat()
            later = {"call_made": True, "problem": "call_later", "callback_at": asked}
            outcome = dice.choice([("no_answer", LATE), ("no_answer", LATE), ("callback", later)])
            await call(api, lead_id, outcome[0], **outcome[1])
        shown = await tabs(api)
        assert {lead_id: len(found) for lead_id, found in shown.items()} == {str(one): 1 for one in leads}
        await orders.pass_time(timedelta(minutes=dice.choice([1, 90, 371, 719])))


@pytest.mark.req("S1.1")
async def test_an_order_whose_customer_named_a_time_is_in_work(orders: Desk, api: Api) -> None:
    lead_id = await unanswered(orders, api, 2)
    asked = (orders.clock.now() + timedelta(days=1)).isoformat()
    await call(api, lead_id, "callback", call_made=True, problem="call_later", callback_at=asked)
    await orders.pass_time(timedelta(days=3))
    assert (await tabs(api))[str(lead_id)] == ["in_work"]


@pytest.mark.req("S1.8")
async def test_three_unanswered_calls_are_repeated_within_minutes_and_the_fourth_in_an_hour(
    orders: Desk, api: Api
) -> None:
    lead_id, waits = await orders.lead("orders"), []
    for _ in range(5):
        await call(api, lead_id, "no_answer", **LATE)
        waits.append(datetime.fromisoformat((await api.task(lead_id))["due_at"]) - orders.clock.now())
    assert waits == [timedelta(minutes=2, seconds=30)] * 3 + [timedelta(hours=1)] * 2


@pytest.mark.req("S1.8")
async def test_the_fourth_is_never_due_past_the_customers_calling_hours(orders: Desk, api: Api) -> None:
    await orders.pass_time(timedelta(hours=8, minutes=30))  # half past eight in the evening in Moscow
    lead_id = await unanswered(orders, api, 4)
    assert (await api.task(lead_id))["due_at"].startswith("2026-03-02T18:00")


@pytest.mark.req("S1.8")
@pytest.mark.parametrize(("earlier", "status"), [(0, 422), (2, 422), (3, 200)])
async def test_a_callback_time_may_be_given_from_the_fourth_unanswered_call_on(
    orders: Desk, api: Api, earlier: int, status: int
) -> None:
    lead_id = await unanswered(orders, api, earlier)
    asked = (orders.clock.now() + timedelta(hours=2)).isoformat()
    assert (await call(api, lead_id, "no_answer", **LATE, callback_at=asked))["status"] == status


SOON = "2026-03-02T15:00+00:00"
FITS: Mapping[str, Mapping[str, object]] = {
    "confirm": {"call_made": True},
    "callback": {"call_made": True, "problem": "call_later", "callback_at": SOON},
    "no_answer": {"call_made": True, "problem": "no_reply"},
    "refused": {"call_made": True, "problem": "expensive"},
    "invalid": {"call_made": False, "problem": "spam"},
}


@pytest.mark.req("S1.7")
@pytest.mark.parametrize("outcome", FITS)
async def test_each_way_to_end_a_call_has_its_matrix(orders: Desk, api: Api, outcome: str) -> None:
    lead_id = await orders.lead("orders")
    bad = {"comment": " ", "call_made": outcome == "invalid", "callback_at": "2020-01-01T00:00Z"}
    wrong = await call(api, lead_id, outcome, **bad)
    pointers = {fault["pointer"] for fault in wrong["errors"]}
    assert (wrong["status"], pointers >= {"/comment", "/callback_at"}) == (422, True)
    assert (await call(api, lead_id, outcome, **FITS[outcome]))["status"] == 200


@pytest.mark.req("S1.9")
@pytest.mark.parametrize(
    ("problem", "call_made", "original", "status"),
    [
        ("spam", True, None, 422),
        ("wrong_number", False, None, 200),
        ("wrong_number", False, "1042", 422),
        ("feedback", True, None, 200),
        ("duplicate", True, None, 422),
        ("duplicate", False, "1042", 422),
        ("duplicate", True, "1042", 200),
    ],
)
async def test_an_invalid_order_says_whether_it_was_called_and_which_one_it_doubles(
    orders: Desk, api: Api, problem: str, call_made: bool, original: str | None, status: int
) -> None:
    given = {"call_made": call_made, "problem": problem, "fields": {"duplicate_of": original} if original else {}}
    assert (await call(api, await orders.lead("orders"), "invalid", **given))["status"] == status


@pytest.mark.parametrize(
    ("outcome", "status"), [("invalid", "invalid"), ("confirm", "confirmed"), ("refused", "refused")]
)
@pytest.mark.req("S1.7", "S1.9")
async def test_what_ends_a_call_asks_for_the_order_s_status(
    orders: Desk, api: Api, outcome: str, status: str
) -> None:
    await call(api, await orders.lead("orders"), outcome, **FITS[outcome])
    asked = await orders.sent(tasks.ChangeRequested)
    assert [(request.target, request.values) for request in asked] == [
        (ChangeTarget.ORDER_STATUS, {"status": status})
    ]


async def test_a_lead_without_an_order_is_ended_with_a_remark(orders: Desk, api: Api) -> None:
    lead = lead_v2("orders")
    await orders.receive(lead)
    await call(api, lead.lead_id, "invalid", **FITS["invalid"])
    told = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead.lead_id)})
    assert "Менять нечего: заказа нет" in [step["title"] for step in told.json()["items"]]
    assert await orders.sent(tasks.ChangeRequested) == []
