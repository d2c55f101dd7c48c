"""Departments and their heads over HTTP and in a desk file; whom it concerns is published (S2.5)."""

from typing import Any

import pytest

from libs.common.contracts.assignment import OperatorChanged
from tests.assignment.desk import Desk
from tests.assignment.test_configuration_api import CALLS, planned_and_applied

TITLE = {"ru": "Продажи", "en": "Sales"}
SALES: dict[str, Any] = {"desk": "demo", "code": "sales", "title": TITLE}

pytestmark = pytest.mark.req("S2.5")


async def heads(desk: Desk) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """The operators as last published: subject, department, what they head."""
    last = {event.subject: event for event in await desk.sent(OperatorChanged)}
    return [(name, event.department, event.heads) for name, event in sorted(last.items())]


async def test_a_head_and_their_operators_are_published(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    made = await desk.ok("POST", "/departments", {**SALES, "head_id": str(ann)})
    await desk.hire("bob", here=False, department="sales")
    shown = await desk.ok("GET", f"/departments/{made['id']}")
    assert await heads(desk) == [("ann", None, ("sales",)), ("bob", "sales", ())]
    assert (shown["head_name"], shown["operators"], shown["title"]) == ("Ann", 1, "Продажи")


async def test_a_department_has_one_head_or_none(desk: Desk) -> None:
    ann, bob = await desk.hire("ann", here=False), await desk.hire("bob", here=False)
    path = f"/departments/{(await desk.ok('POST', '/departments', {**SALES, 'head_id': str(ann)}))['id']}"
    await desk.ok("PATCH", path, {"head_id": str(bob)}, headers={"if-match": '"1"'})
    assert await heads(desk) == [("ann", None, ()), ("bob", None, ("sales",))]
    await desk.ok("PATCH", path, {"head_id": None}, headers={"if-match": '"2"'})
    assert await heads(desk) == [("ann", None, ()), ("bob", None, ())]
    stale = await desk.call("PATCH", path, {"active": False}, headers={"if-match": '"2"'})
    assert (stale.status_code, stale.json()["current"]["head_id"]) == (412, None)


async def test_who_was_in_a_retired_department_is_in_none(desk: Desk) -> None:
    made = await desk.ok("POST", "/departments", SALES)
    bob = await desk.hire("bob", here=False, department="sales")
    await desk.ok("PATCH", f"/departments/{made['id']}", {"active": False}, headers={"if-match": '"1"'})
    assert (await desk.ok("GET", f"/operators/{bob}"))["department"] is None
    again = await desk.call("PATCH", f"/operators/{bob}", {"department": "sales"}, headers={"if-match": '"2"'})
    assert [(each["pointer"], each["code"]) for each in again.json()["errors"]] == [
        ("/department", "unknown_department")
    ]


async def test_only_who_works_there_is_a_head_and_only_managers_say_so(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    version = (await desk.ok("GET", f"/operators/{ann}"))["version"]
    await desk.ok("PATCH", f"/operators/{ann}", {"active": False}, headers={"if-match": f'"{version}"'})
    unfit = await desk.call("POST", "/departments", {**SALES, "head_id": str(ann)})
    foreign = await desk.call("POST", "/departments", {**SALES, "desk": "other"})
    operator = await desk.call("POST", "/departments", SALES, sub="bob", roles=("operator",))
    await desk.ok("POST", "/departments", SALES)
    twice = await desk.call("POST", "/departments", SALES)
    assert [each.status_code for each in (unfit, foreign, operator, twice)] == [422, 404, 403, 409]


async def test_a_desk_file_names_departments_with_their_heads(desk: Desk) -> None:
    whole: dict[str, Any] = {
        "pools": {"callback": CALLS},
        "operators": {"ann": {"name": "Анна"}, "bob": {"name": "Борис", "department": "sales"}},
        "departments": {"sales": {"title": TITLE, "head": "ann"}},
    }
    assert (await planned_and_applied(desk, whole)).status_code == 200
    assert await heads(desk) == [("ann", None, ("sales",)), ("bob", "sales", ())]
    again = await planned_and_applied(desk, whole)
    wrong = {**whole, "departments": {"sales": {"title": TITLE, "head": "who"}, "it": {"title": TITLE}}}
    wrong["operators"] = {**whole["operators"], "bob": {"name": "Борис", "department": "salse"}}
    refused = await desk.call("POST", "/desks/demo/configuration", wrong, roles=("admin",))
    assert again.json()["changes"] == []
    assert [each["code"] for each in refused.json()["errors"]] == ["unknown_operator", "unknown_department"]
