"""Conditions that all lists share: whose rows a caller may see (P.6), and filters that may be left out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, true

from libs.common.auth.principal import Principal


def visible(caller: Principal, desk: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition on a table's `desk` column: administrators and services see all desks."""
    return true() if caller.sees_all_desks else desk.in_(sorted(caller.desks))


def equal(column: ColumnElement[str] | ColumnElement[UUID], value: str | UUID | None) -> ColumnElement[bool]:
    """Return `column = value`; None lets everything through."""
    return true() if value is None else column == value


def between(
    column: ColumnElement[datetime], since: datetime | None, before: datetime | None
) -> ColumnElement[bool]:
    """Return `since <= column < before`; None leaves that side open."""
    lower = true() if since is None else column >= since
    return lower if before is None else lower & (column < before)
