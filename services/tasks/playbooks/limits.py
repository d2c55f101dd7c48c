"""The language of playbooks: what numbers, sums and times are compared with, and the facts that can be compared."""

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from re import compile as pattern
from typing import Annotated, TypeAlias

from services.tasks.playbooks.durations import parse_duration
from services.tasks.playbooks.source import Log, Node
from services.tasks.playbooks.values import Kind, listed, word_of, wrong

_NUMBER = pattern(r"-?\d{1,15}(\.\d{1,6})?")

#: A number or a sum, a day, or how long a time is still ahead.
LimitValue: TypeAlias = Decimal | date | timedelta


class Measure(StrEnum):
    """The facts that can be compared, besides fields of outcomes."""

    ORDER_AMOUNT = "order_amount"
    RECEIVED = "received"
    APPOINTMENT = "appointment"


def _limit(node: Node, _: Log) -> LimitValue:
    word = word_of(node)
    if _NUMBER.fullmatch(word):
        return Decimal(word)
    lasts = parse_duration(word)
    found = _day(word) if lasts is None else lasts
    if found is None:
        wrong("not_a_limit", f"{str(word)!r} is neither a number, nor a day such as 2026-12-31, nor a duration")
    return found


def _day(word: str) -> date | None:
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def _ends(node: Node, log: Log) -> tuple[LimitValue, ...]:
    ends = tuple(_limit(item, log) for item in listed(node, log))
    if len(ends) != 2 or type(ends[0]) is not type(ends[1]) or ends[0] > ends[1]:  # type: ignore[operator]  # of one type
        wrong("not_a_range", "a range has two ends of one kind in ascending order, such as [100, 500]")
    return ends


_EITHER = {"anyOf": [{"type": "number"}, {"type": "string"}]}
_SAID = "a number, a day such as `2026-12-31`, or how long ahead of now, such as `2d`"
LIMIT = Kind(_limit, {**_EITHER, "description": _SAID})
ENDS = Kind(
    _ends,
    {"type": "array", "items": _EITHER, "minItems": 2, "maxItems": 2, "description": f"two ends, each {_SAID}"},
)
Limit: TypeAlias = Annotated[LimitValue, LIMIT]
Ends: TypeAlias = Annotated[tuple[LimitValue, LimitValue], ENDS]
