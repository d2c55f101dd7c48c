"""A desk's configuration at assignment over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from libs.common.contracts.assignment import OperatorChanged, PoolChanged, ShiftEnded
from libs.common.contracts.shared import Presence
from tests.assignment.desk import Desk

PATH = "/desks/demo/configuration"
CALLS = {"title": {"ru": "Звонки", "en": "Calls"}}
WHOLE: dict[str, Any] = {
    "pools": {"callback": CALLS, "sales": {"title": {"ru": "Продажи", "en": "Sales"}, "share": 5}},
    "operators": {
        "ann": {"name": "Анна", "pools": ["callback", {"code": "sales", "weight": 2}]},
        "bob": {"name": "Борис", "pools": ["callback"], "products": ["course"]},
    },
}


async def plan(desk: Desk, document: object) -> httpx.Response:
    return await desk.call("POST", PATH, document, roles=("admin",))


async def apply(desk: Desk, document: object, tag: str) -> httpx.Response:
    return await desk.call("POST", f"{PATH}?mode=apply", document, roles=("admin",), headers={"if-match": tag})


async def planned_and_applied(desk: Desk, document: object) -> httpx.Response:
    return await apply(desk, document, (await plan(desk, document)).headers["etag"])


def changes(answer: httpx.Response) -> list[tuple[str, str]]:
    return [(each["action"], each["code"]) for each in answer.json()["changes"]]


async def test_a_plan_says_what_applying_would_do_and_does_nothing(desk: Desk) -> None:
    planned = await plan(desk, WHOLE)
    assert changes(planned) == [("create", "sales"), ("create", "ann"), ("create", "bob")]
    assert (len(await desk.items("/pools")), await desk.items("/operators")) == (1, [])


async def test_applying_makes_pools_and_operators_with_their_seats(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    ann, _ = (await desk.call("GET", "/operators")).json()["items"]
    assert [(seat["code"], seat["weight"]) for seat in ann["pools"]] == [("callback", 1), ("sales", 2)]
    assert (await desk.sent(PoolChanged))[-1].code == "sales"


async def test_applying_again_changes_nothing(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    said = len(await desk.sent(OperatorChanged))
    again = await planned_and_applied(desk, WHOLE)
    assert (changes(again), len(await desk.sent(OperatorChanged))) == ([], said)


async def test_what_is_exported_can_be_applied_and_changes_nothing(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    exported = await desk.call("GET", PATH, roles=("admin",))
    planned = await plan(desk, exported.json()["document"])
    assert (changes(planned), planned.headers["etag"]) == ([], exported.headers["etag"])


async def test_who_is_not_named_any_more_is_retired_with_all_that_is_said_elsewhere_kept(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    without = {"pools": {"callback": CALLS}, "operators": {"bob": WHOLE["operators"]["bob"]}}
    applied = await planned_and_applied(desk, without)
    operators = {each["subject"]: each["active"] for each in await desk.items("/operators")}
    pools = {each["code"]: each["active"] for each in await desk.items("/pools")}
    assert changes(applied) == [("retire", "ann"), ("retire", "sales")]
    assert (operators, pools) == ({"ann": False, "bob": True}, {"callback": True, "sales": False})


async def test_what_was_retired_comes_back_under_its_id(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    before = {each["subject"]: each["id"] for each in await desk.items("/operators")}
    await planned_and_applied(desk, {"pools": {"callback": CALLS}, "operators": {}})
    await planned_and_applied(desk, WHOLE)
    after = {each["subject"]: each["id"] for each in await desk.items("/operators") if each["active"]}
    assert after == before


async def test_a_section_that_is_left_out_stays(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    assert changes(await plan(desk, {"pools": WHOLE["pools"]})) == []
    assert changes(await plan(desk, {"operators": WHOLE["operators"]})) == []


async def test_who_is_retired_is_checked_out_and_said_so(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    await desk.presence("ann", "check-in")
    await planned_and_applied(desk, {**WHOLE, "operators": {"bob": WHOLE["operators"]["bob"]}})
    said = (await desk.sent(OperatorChanged))[-1]
    assert (said.subject, said.active, said.presence, said.pools) == ("ann", False, Presence.CHECKED_OUT, ())
    assert [event.operator_id for event in await desk.sent(ShiftEnded)] == [said.operator_id]


async def test_every_fault_is_named_and_nothing_is_changed(desk: Desk) -> None:
    await desk.ok("POST", "/pools", {"desk": "cars", "code": "x", **CALLS}, desks=("cars",))
    await desk.ok("POST", "/operators", {"desk": "cars", "subject": "eve", "name": "Eve"}, desks=("cars",))
    people = {
        "ann": {"name": "A", "pools": ["calback"]},
        "eve": {"name": "E"},
        "li": {"name": "L", "desks": ["cars"]},
    }
    refused = await plan(desk, {"pools": {"callback": CALLS}, "operators": people})
    faults = {fault["pointer"]: (fault["code"], fault["detail"]) for fault in refused.json()["errors"]}
    assert faults["/operators/ann/pools/0/code"] == ("unknown_pool", "no pool 'calback'; there is callback")
    assert {at: code for at, (code, _) in faults.items() if "ann" not in at} == {
        "/operators/eve": "other_home_desk",
        "/operators/li/desks": "home_desk_missing",
    }


async def test_a_pool_with_operators_is_not_retired(desk: Desk) -> None:
    await planned_and_applied(desk, WHOLE)
    refused = await plan(desk, {"pools": {"callback": CALLS}})
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/pools/sales"]
    version = (await desk.ok("GET", "/pools/sales"))["version"]
    patched = await desk.call("PATCH", "/pools/sales", {"active": False}, headers={"if-match": f'"{version}"'})
    assert (patched.status_code, patched.json()["code"], patched.json()["operators"]) == (
        409,
        "pool_in_use",
        ["ann"],
    )


async def test_nobody_is_seated_in_a_retired_pool(desk: Desk) -> None:
    await planned_and_applied(desk, {"pools": WHOLE["pools"]})
    await planned_and_applied(desk, {"pools": {"callback": CALLS}})
    body = {"desk": "demo", "subject": "ann", "name": "Ann", "pools": [{"code": "sales"}]}
    refused = await desk.call("POST", "/operators", body)
    assert [fault["code"] for fault in refused.json()["errors"]] == ["unknown_pool"]


async def test_of_two_who_apply_one_plan_at_once_one_is_refused(desk: Desk) -> None:
    tag = (await plan(desk, WHOLE)).headers["etag"]
    answers = await asyncio.gather(*(apply(desk, WHOLE, tag) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.req("P.6")
async def test_only_administrators_configure(desk: Desk) -> None:
    assert (await desk.call("POST", PATH, WHOLE, roles=("supervisor",))).status_code == 403
