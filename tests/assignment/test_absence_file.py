"""Planned absences in a desk's document (S4.6, P.4)."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import pytest_asyncio

from libs.common.platform.clock import ManualClock
from services.assignment.absences.actions import follow_absences
from services.assignment.absences.store import CANCEL
from tests.assignment.desk import Desk
from tests.assignment.test_configuration_api import PATH, WHOLE, apply, changes, plan, planned_and_applied
from tests.assignment.test_schedule_api import MOSCOW

pytestmark = pytest.mark.req("S4.6", "S2.2")

LEAVE = {"first_day": "2026-07-01", "last_day": "2026-07-14", "reason": "отпуск", "deputy": "bob"}
FILE: dict[str, Any] = {**WHOLE, "absences": {"ann": [LEAVE]}}


@pytest_asyncio.fixture
async def known(desk: Desk) -> Desk:
    """The desk, of whose zone assignment has heard."""
    await desk.receive(MOSCOW)
    return desk


async def listed(desk: Desk) -> list[tuple[object, object]]:
    """Return the absences of the desk, each with how it stands."""
    return [(one["operator_name"], one["state"]) for one in await desk.items("/absences")]


async def test_absences_are_planned_exported_and_applied_again_without_a_change(known: Desk) -> None:
    planned = await plan(known, FILE)
    none_yet = await listed(known)
    applied = await apply(known, FILE, planned.headers["etag"])
    exported = (await known.call("GET", PATH, roles=("admin",))).json()["document"]
    assert ([each["kind"] for each in planned.json()["changes"]][-1], none_yet) == ("absence", [])
    assert (changes(planned), await listed(known)) == (changes(applied), [("Анна", "planned")])
    assert exported["absences"]["ann"][0] | LEAVE == exported["absences"]["ann"][0]
    assert (changes(await plan(known, exported)), changes(await plan(known, WHOLE))) == ([], [])


async def test_one_that_differs_takes_the_place_of_the_other_and_one_that_is_not_named_is_cancelled(
    known: Desk,
) -> None:
    await planned_and_applied(known, FILE)
    longer = await planned_and_applied(known, {**FILE, "absences": {"ann": [{**LEAVE, "last_day": "2026-07-20"}]}})
    none = await planned_and_applied(known, {**FILE, "absences": {}})
    assert [changes(each) for each in (longer, none)] == [[("change", "ann")], [("retire", "ann")]]
    assert await listed(known) == [("Анна", "cancelled")] * 2


async def test_what_has_ended_may_stand_in_the_file_and_is_no_change(known: Desk) -> None:
    await planned_and_applied(known, FILE)
    cast("ManualClock", known.ctx.core.clock).advance(timedelta(days=365))
    over = await planned_and_applied(known, FILE)
    assert changes(over) == []


async def test_one_that_takes_the_place_of_one_under_way_is_under_way(known: Desk) -> None:
    await planned_and_applied(known, FILE)
    cast("ManualClock", known.ctx.core.clock).advance(datetime(2026, 7, 2, 9, tzinfo=UTC) - known.ctx.now())
    await follow_absences(known.ctx)
    await planned_and_applied(known, {**FILE, "absences": {"ann": [{**LEAVE, "reason": "болезнь"}]}})
    await follow_absences(known.ctx)
    assert sorted(await listed(known)) == [("Анна", "cancelled"), ("Анна", "under_way")]


async def test_what_is_over_by_the_time_that_it_is_cancelled_stays_over(known: Desk) -> None:
    await planned_and_applied(known, FILE)
    absence_id = await known.ctx.db.pool.fetchval("UPDATE absence SET state = 'over' RETURNING id")
    await known.ctx.db.pool.execute(CANCEL, absence_id)
    assert await listed(known) == [("Анна", "over")]


async def test_every_fault_of_an_absence_has_its_place(known: Desk) -> None:
    wrong = {
        "ann": [{**LEAVE, "deputy": "ann"}, {**LEAVE, "last_day": "2026-06-01", "deputy": None}],
        "bob": [{**LEAVE, "deputy": None}, {**LEAVE, "deputy": None, "last_day": "2026-07-02"}],
        "zoe": [{**LEAVE, "deputy": None}],
    }
    answer = await plan(known, {**FILE, "absences": wrong})
    assert {fault["pointer"]: fault["code"] for fault in answer.json()["errors"]} == {
        "/absences/ann/0/deputy": "unfit_deputy",
        "/absences/ann/1/last_day": "ends_before_it_starts",
        "/absences/bob/0": "absence_overlaps",
        "/absences/zoe": "unknown_operator",
    }


async def test_an_absence_by_days_waits_for_the_zone_of_its_desk(desk: Desk) -> None:
    planned = await plan(desk, FILE)
    answer = await apply(desk, FILE, planned.headers["etag"])
    assert (planned.status_code, answer.status_code, answer.json()["code"]) == (200, 409, "not_known_yet")


@pytest.mark.parametrize("days", [("0001-01-01", "0001-01-02"), ("2026-07-01", "9999-12-31")])
async def test_a_day_at_the_end_of_the_calendar_breaks_nothing(known: Desk, days: tuple[str, str]) -> None:
    first, last = days
    leave = {"first_day": first, "last_day": last, "reason": "отпуск"}
    answer = await plan(known, {**FILE, "absences": {"ann": [leave]}})
    assert answer.status_code in {200, 422}, answer.text


@pytest.mark.parametrize("days", [("0001-01-01", "0001-01-02"), ("2026-07-01", "9999-12-31")])
async def test_nor_does_an_absence_there_that_is_planned_by_hand(known: Desk, days: tuple[str, str]) -> None:
    ann = await known.hire("ann", here=False)
    first, last = days
    body = {"operator_id": str(ann), "first_day": first, "last_day": last, "reason": "отпуск"}
    assert (await known.call("POST", "/absences", body)).status_code in {201, 422}


async def test_a_moment_at_the_end_of_the_calendar_is_exported(known: Desk) -> None:
    leave = {"starts_at": "2026-07-01T10:00:00Z", "ends_at": "9999-12-31T23:59:59Z", "reason": "отпуск"}
    await planned_and_applied(known, {**FILE, "absences": {"ann": [leave]}})
    exported = (await known.call("GET", PATH, roles=("admin",))).json()["document"]
    assert changes(await plan(known, exported)) == []
