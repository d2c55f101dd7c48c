"""Appointments: asked for by tasks, taken by staff over HTTP, by the same rules."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts.intake import AppointmentChanged, ChangeRefused, LeadReceivedV2
from libs.common.contracts.shared import ChangeTarget
from libs.common.contracts.tasks import ChangeRequested
from tests.intake.api import NOW, Api, order
from tests.intake.test_changes import asked, history, lead
from tests.intake.test_partners import a_partner

AT = (NOW + timedelta(days=2)).isoformat()
LATER = (NOW + timedelta(days=3)).isoformat()


def step(
    view: dict[str, object],
    name: str,
    version: int | None = None,
    values: dict[str, str] | None = None,
    **members: str,
) -> ChangeRequested:
    """Return what tasks asks for; `values` and `members` are the step's own."""
    values = {**(values or {}), **members}
    return asked(ChangeTarget.APPOINTMENT, view["id"], version, values={"step": name, **values}, lead_id=view["id"])


async def planned(api: Api, view: dict[str, object], at: str = AT) -> dict[str, object]:
    return await api.ok("POST", f"/leads/{view['id']}/appointments", {"at": at})


def items(view: dict[str, object], name: str) -> list[dict[str, object]]:
    found = view[name]
    assert isinstance(found, list)
    return found


def tag(view: dict[str, object]) -> dict[str, str]:
    return {"if-match": f'"{view["version"]}"'}


@pytest.mark.req("S0.6")
async def test_a_planned_appointment_is_published_and_shown_with_its_lead(api: Api) -> None:
    view = await lead(api)
    request = step(view, "planned", at=AT)
    await api.hear(request)
    [event] = await api.said(AppointmentChanged)
    [shown] = items(await api.ok("GET", f"/leads/{view['id']}"), "appointments")
    assert (event.step, event.at.isoformat(), event.version) == ("planned", AT, 1)
    assert (event.request_id, str(event.customer_id)) == (request.request_id, view["customer_id"])
    assert (shown["id"], shown["state"]) == (str(event.appointment_id), "planned")
    assert await history(api, view) == ("appointment", None, f"planned {AT}", "0190")


@pytest.mark.req("S0.9", "S0.15")
async def test_a_move_says_both_times_who_wanted_it_and_whether_they_warned(api: Api) -> None:
    view = await lead(api)
    await planned(api, view)
    await api.hear(step(view, "moved", 1, at=LATER, by="partner", warned="false"))
    [_, event] = await api.said(AppointmentChanged)
    assert event.previous_at is not None
    assert (event.at.isoformat(), event.previous_at.isoformat(), event.version) == (LATER, AT, 2)
    assert (event.by, event.warned) == ("partner", False)
    assert (await history(api, view))[1:3] == (AT, f"moved {LATER}, by partner, not warned")


@pytest.mark.req("S0.10")
@pytest.mark.parametrize("name", ["kept", "missed", "cancelled"])
async def test_an_ended_appointment_makes_room_for_another(api: Api, name: str) -> None:
    view = await lead(api)
    await planned(api, view)
    await api.hear(step(view, name))
    await api.hear(step(view, "planned", at=LATER))
    events = await api.said(AppointmentChanged)
    assert [each.step for each in events] == ["planned", name, "planned"]
    assert len({each.appointment_id for each in events}) == 2


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("planned", {"at": LATER}, "already_planned"),
        ("moved", {"at": NOW.replace(year=2025).isoformat()}, "invalid_values"),
        ("rained", {}, "invalid_values"),
    ],
)
async def test_a_step_that_does_not_fit_is_refused_with_the_current_version(
    api: Api, name: str, values: dict[str, str], code: str
) -> None:
    view = await lead(api)
    await planned(api, view)
    await api.hear(step(view, name, values=values))
    [event] = await api.said(ChangeRefused)
    assert (event.code, event.current_version) == (code, 1)


@pytest.mark.parametrize("name", ["moved", "cancelled", "kept", "missed"])
async def test_without_an_appointment_under_way_there_is_nothing_to_change(api: Api, name: str) -> None:
    view = await lead(api)
    await api.hear(step(view, name, values={"at": AT} if name == "moved" else {}))
    [event] = await api.said(ChangeRefused)
    assert (event.code, event.current_version) == ("not_found", None)


async def test_a_step_by_a_stale_version_is_refused(api: Api) -> None:
    view = await lead(api)
    await planned(api, view)
    await api.hear(step(view, "moved", 1, at=LATER), step(view, "cancelled", 1))
    [event] = await api.said(ChangeRefused)
    assert (event.code, event.current_version) == ("stale_version", 2)


async def test_a_refusal_names_faults_of_form_and_time_at_once(api: Api) -> None:
    view = await lead(api)
    await planned(api, view)
    await api.hear(step(view, "moved", at="2025-01-01T10:00+03:00", by="weather"))
    [event] = await api.said(ChangeRefused)
    assert [(each.field, each.code) for each in event.faults] == [("by", "unknown_party"), ("at", "in_the_past")]


async def test_another_desk_s_lead_has_no_appointment_to_plan(api: Api) -> None:
    await api.hear(step(await lead(api), "planned", at=AT), desk="other")
    [event] = await api.said(ChangeRefused)
    assert event.code == "not_found"


async def test_of_two_who_plan_at_once_one_succeeds(api: Api) -> None:
    view = await lead(api)
    await asyncio.gather(*(api.hear(step(view, "planned", at=at)) for at in (AT, LATER)))
    [refusal] = await api.said(ChangeRefused)
    assert (refusal.code, len(await api.said(AppointmentChanged))) == ("already_planned", 1)


async def test_a_move_to_the_same_time_is_answered_and_changes_nothing(api: Api) -> None:
    view = await lead(api)
    await planned(api, view)
    lines = await api.count("history")
    await api.hear(step(view, "moved", at=AT))
    [_, event] = await api.said(AppointmentChanged)
    assert (event.version, await api.count("history")) == (1, lines)


@pytest.mark.req("S0.6")
@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("move", {"at": LATER, "by": "customer", "warned": True}, "moved"),
        ("cancel", {"by": "desk"}, "cancelled"),
        ("keep", {}, "kept"),
        ("miss", {"reason": "не пришла"}, "missed"),
    ],
)
async def test_staff_take_the_same_steps(api: Api, path: str, body: dict[str, object], said: str) -> None:
    view = await planned(api, await lead(api))
    await api.hire()
    answer = await api.call("POST", f"/appointments/{view['id']}/{path}", body, headers=tag(view), role="operator",
                            desks=["demo"])  # fmt: skip
    [_, event] = await api.said(AppointmentChanged)
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"2"', 2)
    assert (event.step, event.request_id) == (said, None)


@pytest.mark.parametrize(
    ("version", "status", "code"), [("2", 412, "stale_version"), (None, 428, "version_required")]
)
async def test_staff_say_which_version_they_saw(api: Api, version: str | None, status: int, code: str) -> None:
    view = await planned(api, await lead(api))
    headers = {"if-match": f'"{version}"'} if version else {}
    answer = await api.call("POST", f"/appointments/{view['id']}/keep", {}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_second_appointment_is_a_conflict_that_names_the_first(api: Api) -> None:
    view = await lead(api)
    first = await planned(api, view)
    answer = await api.call("POST", f"/leads/{view['id']}/appointments", {"at": LATER})
    assert (answer.status_code, answer.json()["code"]) == (409, "already_planned")
    assert answer.json()["existing"] == first["id"]


async def test_an_appointment_that_is_over_takes_no_step(api: Api) -> None:
    view = await planned(api, await lead(api))
    over = await api.ok("POST", f"/appointments/{view['id']}/keep", {}, headers=tag(view))
    answer = await api.call("POST", f"/appointments/{view['id']}/miss", {}, headers=tag(over))
    assert (answer.status_code, answer.json()["code"]) == (409, "appointment_over")


@pytest.mark.req("P.6")
async def test_staff_of_another_desk_see_no_appointment(api: Api) -> None:
    view = await planned(api, await lead(api))
    paths = (f"/appointments/{view['id']}", f"/leads/{view['lead_id']}/appointments")
    answers = [await api.call("GET", path, role="supervisor", desks=["other"]) for path in paths]
    assert [each.status_code for each in answers] == [404, 404]


@pytest.mark.req("S0.13")
async def test_a_time_outside_the_partner_s_hours_is_refused_by_either_way(api: Api) -> None:
    await a_partner(api, hours=[{"weekday": 1, "opens": "10:00", "closes": "12:00"}])
    answer = await api.deliver(await api.source(partner="salon"), order())
    plan = await api.call("POST", f"/leads/{answer['lead_id']}/appointments", {"at": AT})
    await api.hear(step({"id": UUID(answer["lead_id"])}, "planned", at=AT))
    [refusal] = await api.said(ChangeRefused)
    assert (plan.status_code, plan.json()["errors"][0]["code"]) == (422, "outside_hours")
    assert [(each.field, each.code) for each in refusal.faults] == [("at", "outside_hours")]


@pytest.mark.req("S0.12")
async def test_a_partner_s_lead_and_its_appointment_name_the_partner(api: Api) -> None:
    partner = await a_partner(api)
    answer = await api.deliver(await api.source(partner="salon"), order())
    view = await planned(api, {"id": answer["lead_id"]})
    [received], [event] = await api.said(LeadReceivedV2), await api.said(AppointmentChanged)
    shown = (await api.ok("GET", f"/leads/{answer['lead_id']}"))["partner_id"]
    assert {str(received.partner_id), str(event.partner_id), view["partner_id"], shown} == {partner["id"]}
