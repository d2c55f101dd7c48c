"""Conditions shared by all lists: the rows a caller may see (P.6), and optional filters."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from libs.common.platform.auth.principal import Principal, Role
from services.intake.operators.tables import operator


def visible(caller: Principal, desk: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition on a table's `desk` column: the desks of the caller's token."""
    return true() if caller.sees_all_desks else desk.in_(sorted(caller.desks))


def own_or_free(caller: Principal, owner: ColumnElement[UUID | None]) -> ColumnElement[bool]:
    """Return the condition on a lead's `owner_id`: operators see their own and unowned leads while active."""
    if caller.has(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE):
        return true()
    me = select(operator.c.id).where(operator.c.subject == caller.sub, operator.c.active)
    return (owner.is_(None) & me.exists()) | owner.in_(me)


def is_partner_alone(caller: Principal) -> bool:
    """Return whether the caller is a partner and none of the staff."""
    return caller.has(Role.PARTNER) and not caller.has(Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE)


def equal(column: ColumnElement[str] | ColumnElement[UUID], value: str | UUID | None) -> ColumnElement[bool]:
    """Return `column = value`; None lets everything through."""
    return true() if value is None else column == value


def between(
    column: ColumnElement[datetime], since: datetime | None, before: datetime | None
) -> ColumnElement[bool]:
    """Return `since <= column < before`; None leaves that side open."""
    lower = true() if since is None else column >= since
    return lower if before is None else lower & (column < before)
