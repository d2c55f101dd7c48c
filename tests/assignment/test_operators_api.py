"""Operators over HTTP: making, changing, seeing."""

import pytest

from libs.common.contracts.assignment import OperatorChanged, ShiftEnded, WorkAssigned
from libs.common.contracts.shared import Customer, Identity, IdentityKind
from services.assignment.operators.schemas import OperatorView
from tests.assignment.desk import Desk, requested


async def test_a_new_operator_starts_checked_out_with_twenty_places(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    view = await desk.ok("GET", f"/operators/{ann}")
    assert (view["presence"], view["capacity"], view["open_work"]) == ("checked_out", 20, 0)
    assert view["pools"] == [{"desk": "demo", "code": "callback", "weight": 1, "turns": 0}]


async def test_the_others_hear_of_a_new_operator(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False, products=["tea"])
    [event] = await desk.sent(OperatorChanged)
    assert (event.operator_id, event.subject, event.pools) == (ann, "ann", ("callback",))
    assert (event.desks, event.products, event.roles) == (("demo",), ("tea",), ("operator",))


async def test_a_known_subject_is_a_conflict_that_names_the_existing(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    answer = await desk.call("POST", "/operators", {"desk": "demo", "subject": "ann", "name": "Ann"})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_exists")
    assert answer.json()["existing"] == str(ann)


async def test_a_pool_that_is_not_there_is_named(desk: Desk) -> None:
    body = {"desk": "demo", "subject": "ann", "name": "Ann", "pools": [{"code": "callback"}, {"code": "x"}]}
    answer = await desk.call("POST", "/operators", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/pools/1/code"


async def test_a_stale_change_is_refused_with_the_present_state(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    await desk.ok("PATCH", f"/operators/{ann}", {"capacity": 5}, headers={"if-match": '"1"'})
    answer = await desk.call("PATCH", f"/operators/{ann}", {"capacity": 6}, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["current"]["capacity"]) == (412, 5)


async def test_more_capacity_drains_what_waits(desk: Desk) -> None:
    ann = await desk.hire("ann", capacity=1)
    await desk.receive(requested(1), requested(2))
    await desk.ok("PATCH", f"/operators/{ann}", {"capacity": 2}, headers={"if-match": '"2"'})
    assert [event.reason for event in await desk.sent(WorkAssigned)][1:] == ["drained_operator_changed"]


async def test_a_new_pool_drains_what_waits_in_it(desk: Desk) -> None:
    await desk.make_pool("sales")
    ann = await desk.hire("ann")
    await desk.receive(requested(1, pool="sales"))
    pools = {"pools": [{"code": "sales", "weight": 3}]}
    view = await desk.ok("PATCH", f"/operators/{ann}", pools, headers={"if-match": '"2"'})
    assert view["pools"] == [{"desk": "demo", "code": "sales", "weight": 3, "turns": 1}]


async def test_a_deactivated_operator_is_checked_out(desk: Desk) -> None:
    ann = await desk.hire("ann")
    view = await desk.ok("PATCH", f"/operators/{ann}", {"active": False}, headers={"if-match": '"2"'})
    assert (view["active"], view["presence"]) == (False, "checked_out")
    assert len(await desk.sent(ShiftEnded)) == 1
    assert (await desk.presence("ann", "check-in")).json()["code"] == "operator_inactive"


async def test_the_home_desk_stays_one_of_the_desks(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    headers = {"if-match": '"1"'}
    answer = await desk.call("PATCH", f"/operators/{ann}", {"desks": ["b"]}, headers=headers, roles=("admin",))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "home_desk_missing")


async def test_a_supervisor_cannot_lend_somebody_to_a_foreign_desk(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    body, headers = {"desks": ["demo", "other"]}, {"if-match": '"1"'}
    assert (await desk.call("PATCH", f"/operators/{ann}", body, headers=headers)).status_code == 404


@pytest.mark.req("P.6")
async def test_a_place_in_a_foreign_desks_pool_is_an_unknown_pool(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    title = {"ru": "Х", "en": "X"}
    await desk.ok("POST", "/pools", {"desk": "b", "code": "b", "title": title}, roles=("admin",))
    lent, places = {"desks": ["demo", "b"]}, {"pools": [{"desk": "b", "code": "b"}]}
    await desk.ok("PATCH", f"/operators/{ann}", lent, headers={"if-match": '"1"'}, roles=("admin",))
    answer = await desk.call("PATCH", f"/operators/{ann}", places, headers={"if-match": '"2"'})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/pools/0/code")


async def test_places_in_a_foreign_desk_stay(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False)
    title, admin = {"ru": "Х", "en": "X"}, {"roles": ("admin",)}
    await desk.ok("POST", "/pools", {"desk": "b", "code": "b", "title": title}, **admin)
    lent = {"desks": ["demo", "b"], "pools": [{"desk": "b", "code": "b"}]}
    await desk.ok("PATCH", f"/operators/{ann}", lent, headers={"if-match": '"1"'}, **admin)
    await desk.ok("PATCH", f"/operators/{ann}", {"pools": []}, headers={"if-match": '"2"'})
    view = await desk.ok("GET", f"/operators/{ann}", **admin)
    assert view["pools"] == [{"desk": "b", "code": "b", "weight": 1, "turns": 0}]


@pytest.mark.req("P.6")
async def test_what_is_not_theirs_does_not_exist_for_them(desk: Desk) -> None:
    ann, bob = await desk.hire("ann"), await desk.hire("bob")
    foreign = await desk.call("GET", f"/operators/{ann}", desks=("other",))
    colleague = await desk.call("GET", f"/operators/{ann}", sub="bob", roles=("operator",))
    themselves = await desk.call("GET", f"/operators/{bob}", sub="bob", roles=("operator",))
    assert [foreign.status_code, colleague.status_code, themselves.status_code] == [404, 404, 200]


@pytest.mark.req("P.6")
@pytest.mark.parametrize("role", ["operator", "partner", "service"])
async def test_only_managers_make_operators(desk: Desk, role: str) -> None:
    body = {"desk": "demo", "subject": "x", "name": "X"}
    assert (await desk.call("POST", "/operators", body, roles=(role,))).status_code == 403


async def test_a_foreign_desk_cannot_be_staffed(desk: Desk) -> None:
    body = {"desk": "other", "subject": "x", "name": "X"}
    assert (await desk.call("POST", "/operators", body)).status_code == 404


async def test_operators_are_listed_page_by_page(desk: Desk) -> None:
    everybody = [str(await desk.hire(f"op{n}", here=False)) for n in range(5)]
    first = await desk.ok("GET", "/operators?limit=3")
    rest = await desk.ok("GET", f"/operators?limit=3&desk=demo&cursor={first['next_cursor']}")
    assert [each["id"] for page in (first, rest) for each in page["items"]] == everybody  # type: ignore[attr-defined] # JSON
    assert rest["next_cursor"] is None


async def test_a_repeated_post_with_its_key_makes_one_operator(desk: Desk) -> None:
    body, headers = {"desk": "demo", "subject": "ann", "name": "Ann"}, {"idempotency-key": "k1"}
    first = await desk.call("POST", "/operators", body, headers=headers)
    again = await desk.call("POST", "/operators", body, headers=headers)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())


async def test_how_an_operator_is_reached_is_kept_published_and_can_be_taken_away(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False, contact={"phone": "8 916 123-45-67", "email": "ann@example.org"})
    shown = OperatorView.model_validate(await desk.ok("GET", f"/operators/{ann}")).contact
    await desk.ok("PATCH", f"/operators/{ann}", {"contact": {}}, headers={"if-match": '"1"'})
    first, last = [event.person for event in await desk.sent(OperatorChanged)]
    assert shown == Customer(phone="+79161234567", email="ann@example.org")
    assert (first, last) == (shown.model_copy(update={"name": "Ann"}), None)


async def test_a_change_of_something_else_leaves_how_an_operator_is_reached(desk: Desk) -> None:
    telegram = Identity(kind=IdentityKind.TELEGRAM, value="ann_s")
    ann = await desk.hire("ann", here=False, contact={"identities": [telegram.model_dump(mode="json")]})
    view = await desk.ok("PATCH", f"/operators/{ann}", {"capacity": 5}, headers={"if-match": '"1"'})
    assert OperatorView.model_validate(view).contact == Customer(identities=(telegram,))


PIGEON = {"identities": [{"kind": "pigeon", "value": "1"}]}


@pytest.mark.parametrize("contact", [{"phone": "12"}, {"email": "ann"}, PIGEON])
async def test_an_address_that_cannot_be_one_is_refused(desk: Desk, contact: dict[str, object]) -> None:
    body = {"desk": "demo", "subject": "ann", "name": "Ann", "contact": contact}
    assert (await desk.call("POST", "/operators", body)).status_code == 422


@pytest.mark.req("S0.4")
async def test_an_extension_is_said_stays_and_is_taken_away(desk: Desk) -> None:
    ann = await desk.hire("ann", here=False, extension="101")
    for version, change in enumerate(({"name": "Anna"}, {"extension": None}), 1):
        await desk.ok("PATCH", f"/operators/{ann}", change, headers={"if-match": f'"{version}"'})
    assert [event.extension for event in await desk.sent(OperatorChanged)] == ["101", "101", None]
