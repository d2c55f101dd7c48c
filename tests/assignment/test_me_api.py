"""Who the caller is, over HTTP: what a screen asks first."""

import pytest

from tests.assignment.desk import Desk, requested, taken


async def me(desk: Desk, sub: str, role: str = "operator") -> dict[str, object]:
    return await desk.ok("GET", "/me", sub=sub, roles=(role,))


@pytest.mark.req("U26")
async def test_an_operator_reads_their_own_record(desk: Desk) -> None:
    ann = await desk.hire("ann", roles=["adviser"])
    seen = await me(desk, "ann")
    assert (seen["id"], seen["subject"], seen["desks"], seen["roles"]) == (str(ann), "ann", ["demo"], ["adviser"])
    assert (seen["presence"], seen["capacity"]) == ("checked_in", 20)
    assert seen["pools"] == [{"desk": "demo", "code": "callback", "weight": 1, "turns": 0}]


async def test_open_work_is_counted_by_whether_it_was_taken(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(requested(1), requested(2))
    await desk.receive(taken(1, ann))
    seen = await me(desk, "ann")
    assert (seen["open_work"], seen["work"]) == (2, {"offered": 1, "held": 1})


async def test_who_has_nothing_open_has_counts_of_zero(desk: Desk) -> None:
    await desk.hire("ann", here=False)
    assert (await me(desk, "ann"))["work"] == {"offered": 0, "held": 0}


@pytest.mark.req("P.6")
async def test_a_supervisor_who_takes_work_reads_their_own_record_and_no_other(desk: Desk) -> None:
    await desk.hire("ann")
    boss = await desk.hire("boss")
    assert (await me(desk, "boss", "supervisor"))["id"] == str(boss)


@pytest.mark.req("U26")
@pytest.mark.parametrize("role", ["operator", "supervisor", "admin", "service"])
async def test_a_token_without_an_operator_is_told_so(desk: Desk, role: str) -> None:
    await desk.hire("ann")
    answer = await desk.call("GET", "/me", sub="nobody", roles=(role,))
    assert (answer.status_code, answer.json()["code"]) == (404, "no_operator")


@pytest.mark.req("P.6")
async def test_a_partner_has_no_record_of_their_own(desk: Desk) -> None:
    assert (await desk.call("GET", "/me", sub="shop", roles=("partner",))).status_code == 403


async def test_the_version_is_the_one_that_a_change_must_name(desk: Desk) -> None:
    ann = await desk.hire("ann")
    tag = (await desk.call("GET", "/me", sub="ann", roles=("operator",))).headers["etag"]
    changed = await desk.ok("PATCH", f"/operators/{ann}", {"capacity": 5}, headers={"if-match": tag})
    assert changed["capacity"] == 5


async def test_the_document_shows_the_own_record_and_its_counts(desk: Desk) -> None:
    document = desk.app.openapi()
    schemas = document["components"]["schemas"]
    assert "no_operator" in document["paths"]["/assignment/v1/me"]["get"]["description"]
    assert {"roles", "pools", "work"} <= set(schemas["MeView"]["required"])
