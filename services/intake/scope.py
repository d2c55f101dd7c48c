"""Conditions shared by all lists: the rows a caller may see (P.6), and optional filters."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, Table, func, or_, select, true

from libs.common.platform.auth.principal import Principal, Scope
from libs.common.platform.db.conditions import any_of
from services.intake.operators.tables import operator


def visible(caller: Principal, desk: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition on a table's `desk` column: the desks of the caller's token."""
    return true() if caller.sees_all_desks else desk.in_(sorted(caller.desks))


def own_or_free(caller: Principal, owner: ColumnElement[UUID | None]) -> ColumnElement[bool]:
    """Return the condition on a lead's `owner_id`: operators see their own and unowned leads while active."""
    if caller.sees_whole_desks:
        return true()
    me = _operator(caller)
    return (owner.is_(None) & me.exists()) | owner.in_(me)


def mine(caller: Principal) -> Select[tuple[UUID]]:
    """Return the ids of the active operator that the caller is."""
    return _operator(caller)


def is_active(caller: Principal) -> ColumnElement[bool]:
    """Return the condition that the caller is an operator who was not dismissed."""
    return _operator(caller).exists()


def _operator(caller: Principal) -> Select[tuple[UUID]]:
    return select(operator.c.id).where(operator.c.subject == caller.sub, operator.c.active)


def root_of(table: Table, given: ColumnElement[UUID] | UUID) -> ScalarSelect[UUID]:
    """Return which customer or lead one is by now: itself, or the winner of the last of its merges."""
    one = table.alias()
    return select(func.coalesce(one.c.merged_into, one.c.id)).where(one.c.id == given).scalar_subquery()


def whole(table: Table, root: ColumnElement[UUID] | ScalarSelect[UUID]) -> Select[tuple[UUID]]:
    """Return the ids of all customers or leads that are one by now."""
    one = table.alias()
    return select(one.c.id).where(or_(one.c.id == root, one.c.merged_into == root))


def of_whole(
    column: ColumnElement[UUID] | ColumnElement[UUID | None], table: Table, given: UUID | None
) -> ColumnElement[bool]:
    """Return the condition of what belongs to a customer or lead, under any id of theirs; None: all."""
    return true() if given is None else any_of(column, whole(table, root_of(table, given)))


def is_partner_alone(caller: Principal) -> bool:
    """Return whether the caller is a partner and none of the staff."""
    return caller.scope is Scope.PARTNER


def equal(column: ColumnElement[str] | ColumnElement[UUID], value: str | UUID | None) -> ColumnElement[bool]:
    """Return `column = value`; None lets everything through."""
    return true() if value is None else column == value


def between(
    column: ColumnElement[datetime], since: datetime | None, before: datetime | None
) -> ColumnElement[bool]:
    """Return `since <= column < before`; None leaves that side open."""
    lower = true() if since is None else column >= since
    return lower if before is None else lower & (column < before)
