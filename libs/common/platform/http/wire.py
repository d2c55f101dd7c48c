"""Types that the services put on the wire."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt
from pydantic_core import PydanticCustomError

#: What PostgreSQL's `integer` and `bigint` hold.
MAX_INTEGER = 2**31 - 1
MAX_BIGINT = 2**63 - 1

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")
_ENDS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC, microsecond=0)

#: The number of a version that people count: of a playbook, of a template.
Number = Annotated[int, Field(ge=1, le=1_000_000)]
#: A whole number that every reader of JSON knows exactly (RFC 8259 §6).
Whole = Annotated[StrictInt, Field(ge=-(2**53) + 1, le=2**53 - 1)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


def _written(value: object) -> object:
    """Refuse what pydantic would also read as a moment: numbers, dates, times without an offset (RFC 3339)."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    raise PydanticCustomError("datetime_parsing", "Input should be a date and time as in RFC 3339")


def _in_utc(value: datetime) -> datetime:
    """Return the moment in UTC; one that is outside of the calendar there is its first or last moment."""
    try:
        return min(value.astimezone(UTC), _ENDS[1])
    except OverflowError:
        return _ENDS[0] if value.year < _ENDS[1].year else _ENDS[1]


#: A moment that a caller sends: date, time and offset as RFC 3339 writes them; seconds may be left out.
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]


class Wire(BaseModel):
    """A body that the caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Titles(Wire):
    """One title in both languages."""

    ru: Name
    en: Name
