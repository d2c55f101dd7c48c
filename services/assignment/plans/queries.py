"""Reads of plans of months."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.assignment.errors import NotFoundError
from services.assignment.plans.actions import zone_of
from services.assignment.plans.rules import Place, Review, Slot, review
from services.assignment.plans.schemas import (
    MonthPlanRow,
    MonthPlanState,
    MonthPlanView,
    PlacePart,
    PlaceView,
    UncoveredView,
    UnkeptView,
)
from services.assignment.plans.store import Material, material, places_of
from services.assignment.plans.tables import month_plan

ONE = "SELECT * FROM month_plan WHERE id = $1"
_ROW = tuple(column for column in month_plan.c if column.name != "places")


async def list_plans(
    db: Database,
    caller: Principal,
    desk: str | None,
    month: date | None,
    state: MonthPlanState | None,
    page: PageQuery,
) -> Page[MonthPlanRow]:
    """Return plans of the caller's desks, the latest month first."""
    query = (
        select(*_ROW)
        .where(true() if caller.sees_all_desks else month_plan.c.desk.in_([*caller.desks]))
        .where(true() if desk is None else month_plan.c.desk == desk)
        .where(true() if month is None else month_plan.c.month == month)
        .where(true() if state is None else month_plan.c.state == state)
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "-month", [month_plan.c.month, month_plan.c.id], page)
    return found.page(lambda row: MonthPlanRow.model_validate(_shown({**row})))


async def get_plan(db: Database, caller: Principal, plan_id: UUID) -> MonthPlanView:
    """Return a plan with what is to be said of it now; of one that is discarded, nothing. Raises NotFoundError."""
    async with db.begin() as tx:
        row = await tx.conn.fetchrow(ONE, plan_id)
        if row is None or not caller.may_see(row["desk"]):
            raise NotFoundError
        places = places_of(row["places"])
        own = places if row["state"] == MonthPlanState.PUBLISHED else ()
        found = await material(tx.conn, row["desk"], await zone_of(tx, row["desk"]), row["month"], own)
    hours = {(slot.day, slot.shift): slot for slot in found.slots}
    said = Review((), (), ())
    if row["state"] != MonthPlanState.DISCARDED:
        # A shift that the desk has no more has no hours to be judged by.
        known = [one for one in places if (one.day, one.shift) in hours]
        said = review(found.slots, found.people, known, found.rest)
    shown = tuple(_place(found, place, hours.get((place.day, place.shift))) for place in places)
    return MonthPlanView.model_validate({**_shown({**row}), "places": shown, **_said(found, said)})


def _shown(row: Mapping[str, object]) -> Mapping[str, object]:
    return {**row, "month": f"{row['month']:%Y-%m}"}


def _place(found: Material, place: Place, slot: Slot | None) -> PlaceView:
    return PlaceView(
        day=place.day,
        shift=place.shift,
        operator_id=place.operator_id,
        operator_name=found.names.get(place.operator_id),
        starts_at=slot and slot.starts_at,
        ends_at=slot and slot.ends_at,
    )


def _said(found: Material, said: Review) -> Mapping[str, object]:
    return {
        "uncovered": tuple(UncoveredView(day=s.day, shift=s.shift, missing=number) for s, number in said.uncovered),
        "unkept": tuple(
            UnkeptView(
                day=one.place.day,
                shift=one.place.shift,
                operator_id=one.place.operator_id,
                operator_name=found.names.get(one.place.operator_id),
                wish=one.wish,
            )
            for one in said.unkept
        ),
        "short_rest": tuple(
            PlacePart(day=one.day, shift=one.shift, operator_id=one.operator_id) for one in said.short_rest
        ),
    }
