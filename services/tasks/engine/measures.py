"""What is compared in conditions: numbers, sums and times that the process knows, by their names."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from services.tasks.engine.fields import moment_of
from services.tasks.engine.state import State
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.limits import LimitValue, Measure

Fields = Mapping[str, FieldValue]


def compared(when: Condition, state: State, fields: Fields, now: datetime | None) -> bool:
    """Return whether every comparison holds; one with what is not known does not.

    Over and under mean more and less than the limit, between includes both ends. A time counts by its day in the
    desk's zone, or by how long it is ahead of `now`.
    """

    def known(name: str, limit: LimitValue) -> LimitValue | None:
        return _measured(name, limit, state, fields, now)

    return (
        all(_less(limit, known(name, limit)) for name, limit in when.over.items())
        and all(_less(known(name, limit), limit) for name, limit in when.under.items())
        and all(
            (found := known(name, least)) is not None and not _less(found, least) and not _less(most, found)
            for name, (least, most) in when.between.items()
        )
    )


def _less(one: LimitValue | None, other: LimitValue | None) -> bool:
    match one, other:
        case (Decimal(), Decimal()) | (date(), date()) | (timedelta(), timedelta()):
            return one < other  # type: ignore[operator]  # both of one type
        case _:
            return False


def _measured(
    name: str, limit: LimitValue, state: State, fields: Fields, now: datetime | None
) -> LimitValue | None:
    """Return what is known under a name, as what it is compared with; None: nothing is known."""
    if isinstance(limit, Decimal):
        return _number(name, state, fields)
    at = _time(name, state, fields)
    if at is None:
        return None
    if isinstance(limit, timedelta):
        return None if now is None else at - now
    return at.astimezone(ZoneInfo(state.desk.zone)).date()


def _number(name: str, state: State, fields: Fields) -> Decimal | None:
    if name == Measure.ORDER_AMOUNT:
        return state.facts.order.amount if state.facts.order else None
    field, _, asked = name.partition(".")
    value = fields.get(name, fields.get(field))
    value = value.get(asked) if isinstance(value, Mapping) else value
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


def _time(name: str, state: State, fields: Fields) -> datetime | None:
    match name:
        case Measure.RECEIVED:
            return state.facts.received_at
        case Measure.APPOINTMENT:
            return state.facts.appointment_at
        case _:
            return moment_of(fields, name, state.desk.zone)
