"""Lists: `{"items": […], "next_cursor": "…"}` with opaque cursors that stay stable under inserts.

A cursor holds the sort key of the last item given (keyset), and the name of the order it belongs to. `paginate`
cuts composed selects; a statement in plain SQL takes the parameters of a `Keyset` and has its rows cut by it.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import Column, ColumnElement, RowMapping, Select, literal, tuple_

from libs.common.platform.db import Reading
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem

MAX_LIMIT = 200

CursorValue: TypeAlias = str | int | datetime | date | Decimal | UUID | None

Item = TypeVar("Item")
Row = TypeVar("Row", bound="HasColumns")

_READERS: dict[type, Callable[[str], CursorValue]] = {
    str: str,
    int: int,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
}


class HasColumns(Protocol):
    """A row of either driver."""

    def __getitem__(self, name: str, /) -> object: ...


class Page(BaseModel, Generic[Item]):
    """One page; no `next_cursor`: it was the last."""

    items: list[Item]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page a caller asks for."""

    limit: int = 50
    cursor: str | None = None

    @property
    def reach(self) -> int:
        """Return how many rows to read: one more than the page, to see whether another page follows."""
        return self.limit + 1


@dataclass(frozen=True, slots=True)
class Cut(Generic[Row]):
    """The rows of one page, and where the next one begins."""

    rows: Sequence[Row]
    next_cursor: str | None

    def page(self, shape: Callable[[Row], Item]) -> Page[Item]:
        """Return the page of shaped rows."""
        return Page(items=[shape(row) for row in self.rows], next_cursor=self.next_cursor)


@dataclass(frozen=True, slots=True)
class Keyset:
    """How a list is sorted: the name of the order (`-created_at`), and its key's columns with their types."""

    order: str
    types: Mapping[str, type]

    def after(self, asked: PageQuery) -> tuple[CursorValue, ...] | None:
        """Return the key behind which the page begins, None for the first. Raises Problem 400 `invalid_cursor`."""
        if not asked.cursor:
            return None
        key = decode_cursor(asked.cursor, self.order, tuple(self.types.values()))
        if None in key:
            raise invalid_cursor()
        return key

    def parameters(self, asked: PageQuery) -> tuple[CursorValue, ...]:
        """Return the last parameters of a statement: the key, all None for the first page, and the LIMIT."""
        return *(self.after(asked) or (None,) * len(self.types)), asked.reach

    def cut(self, rows: Sequence[Row], asked: PageQuery) -> Cut[Row]:
        """Return the page of rows that were read with `LIMIT reach`; they have the key's columns."""
        shown = rows[: asked.limit]
        if len(rows) <= asked.limit:
            return Cut(shown, None)
        return Cut(shown, encode_cursor(self.order, [_sortable(shown[-1][name]) for name in self.types]))


async def paginate(
    conn: Reading,
    query: Select[tuple[object, ...]],
    order: str,
    key: Sequence[Column[object]],
    asked: PageQuery,
) -> Cut[RowMapping]:
    """Return one page of a select, sorted by `key`; `order` names that, downwards with a leading `-`.

    The select gives the key's columns under their own names, and together they are unique and never null. Raises
    Problem 400 `invalid_cursor`.
    """
    keyset = Keyset(order, {column.name: column.type.python_type for column in key})
    downwards = order.startswith("-")
    if (values := keyset.after(asked)) is not None:
        place = tuple_(*(literal(value, column.type) for value, column in zip(values, key, strict=True)))
        query = query.where(tuple_(*key) < place if downwards else tuple_(*key) > place)
    ends: Sequence[ColumnElement[object]] = [column.desc() for column in key] if downwards else key
    rows = await conn.execute(query.order_by(*ends).limit(asked.reach))
    return keyset.cut(rows.mappings().all(), asked)


def encode_cursor(order: str, values: Sequence[CursorValue]) -> str:
    """Return the cursor after the row whose sort key is `values`; `order` names the sorting (`-created_at`)."""
    texts = [None if value is None else _text(value) for value in values]
    return base64.urlsafe_b64encode(orjson.dumps([order, *texts])).decode().rstrip("=")


def decode_cursor(cursor: str, order: str, types: Sequence[type]) -> tuple[CursorValue, ...]:
    """Return the sort key, one value per type. Raises Problem 400 when it is not a cursor of this order."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found, *texts = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
        if found != order or len(texts) != len(types):
            raise ValueError("another list's cursor")  # noqa: TRY301 - one place turns all of them into a problem
        return tuple(_read(text, kind) for text, kind in zip(texts, types, strict=True))
    except (ValueError, TypeError, ArithmeticError, UnicodeError, binascii.Error) as error:
        raise invalid_cursor() from error


def invalid_cursor() -> Problem:
    """Return the problem of a cursor that was never given for a list, or is one no more."""
    text = Text("курсор не этого списка", "not a cursor of this list")
    return Problem(400, "invalid_cursor", errors=[Fault("/cursor", "invalid_cursor", text, "query")])


def _sortable(value: object) -> CursorValue:
    if isinstance(value, str | int | datetime | date | Decimal | UUID):
        return value
    raise TypeError("a key that no cursor can hold")


def _text(value: CursorValue) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _read(text: object, kind: type) -> CursorValue:
    if text is None:
        return None
    if not isinstance(text, str) or "\x00" in text:
        raise TypeError("not a text")
    value = _READERS[kind](text)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("a time without offset")
    return value
