"""Lists: `{"items": […], "next_cursor": "…"}` with opaque cursors that stay stable under inserts.

A cursor holds the sort key of the last item given (keyset), and the name of the order it belongs to.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BaseModel

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem

MAX_LIMIT = 200

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many items at most")]
CursorParam = Annotated[str | None, Query(max_length=1000, description="next_cursor of the page before")]
CursorValue: TypeAlias = str | int | datetime | date | Decimal | UUID | None

Item = TypeVar("Item")
Row = TypeVar("Row")

_READERS: dict[type, Callable[[str], CursorValue]] = {
    str: str,
    int: int,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
}


class Page(BaseModel, Generic[Item]):
    """One page; no `next_cursor`: it was the last."""

    items: list[Item]
    next_cursor: str | None = None


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
        fault = Fault(
            "/cursor", "invalid_cursor", Text("курсор не этого списка", "not a cursor of this list"), "query"
        )
        raise Problem(400, "invalid_cursor", errors=[fault]) from error


def page_of(
    rows: Sequence[Row],
    limit: int,
    order: str,
    key: Callable[[Row], Sequence[CursorValue]],
    shape: Callable[[Row], Item],
) -> Page[Item]:
    """Return the page of rows that were read with `LIMIT limit + 1`: the extra row says that there is more."""
    shown = rows[:limit]
    cursor = encode_cursor(order, key(shown[-1])) if len(rows) > limit and shown else None
    return Page(items=[shape(row) for row in shown], next_cursor=cursor)


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
