"""Conditions of queries that PostgreSQL plans badly as they are usually written."""

from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func

Id: TypeAlias = ColumnElement[UUID] | ColumnElement[UUID | None]


def any_of(column: Id, few: Select[tuple[UUID]]) -> ColumnElement[bool]:
    """Return whether a column is one of a few ids: `= ANY (ARRAY (…))`, which an index of the column answers.

    `IN` beside another condition, joined by OR, reads the whole table.
    """
    return column == func.any(func.array(few.scalar_subquery()))
