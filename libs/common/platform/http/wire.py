"""Types that the services put on the wire."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from libs.common.domain.masking import HIDDEN
from libs.common.platform.http.language import Text

_NULL: dict[str, JsonValue] = {"type": "null"}

#: What PostgreSQL's `integer` and `bigint` hold.
MAX_INTEGER = 2**31 - 1
MAX_BIGINT = 2**63 - 1

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")
_ENDS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC, microsecond=0)

#: The number of a version that people count: of a playbook, of a template.
Number = Annotated[int, Field(ge=1, le=1_000_000)]


def _whole(value: object) -> object:
    """Read `3.0` as what it is in JSON Schema: a whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: A whole number that every reader of JSON knows exactly (RFC 8259 §6).
Whole = Annotated[StrictInt, Field(ge=-(2**53) + 1, le=2**53 - 1), BeforeValidator(_whole)]
#: Days, of which there are some.
Days = Annotated[StrictInt, Field(ge=1, le=36_500), BeforeValidator(_whole)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class WrongValueError(ValueError):
    """What a validator of ours says of a value, in both languages."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(ru, en)


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


_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _day(value: object) -> object:
    """Refuse what pydantic would also read as a day: numbers, and moments (RFC 3339, full-date)."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_parsing", "Input should be a day as in RFC 3339")


#: A day that a caller sends: `2026-03-02`.
Day = Annotated[date, BeforeValidator(_day)]


def _decimal(pattern: str) -> Callable[[object], object]:
    compiled = re.compile(pattern)

    def read(value: object) -> object:
        if isinstance(value, Decimal) or (isinstance(value, str) and compiled.fullmatch(value)):
            return value
        raise PydanticCustomError("decimal_parsing", "Input should be a decimal number as a text")

    return read


def _text(pattern: str, example: str) -> JsonDict:
    return {"type": "string", "pattern": pattern, "examples": [example]}


_SUM = r"^\d{1,10}(\.\d{1,2})?$"
_POSITIVE = r"^(?!0+(\.0+)?$)\d{1,10}(\.\d{1,2})?$"
_SHARE = r"^(0(\.\d{1,4})?|1(\.0{1,4})?)$"
_RATE = r"^(?!0+(\.0+)?$)\d{1,9}(\.\d{1,9})?$"
#: Decimal numbers as texts, which no reader of JSON rounds: a sum of money, one that is more than nothing, a part
#: of a whole, and what one unit of a currency costs.
Sum = Annotated[Decimal, BeforeValidator(_decimal(_SUM)), WithJsonSchema(_text(_SUM, "1990.00"))]
PositiveSum = Annotated[Decimal, BeforeValidator(_decimal(_POSITIVE)), WithJsonSchema(_text(_POSITIVE, "1990.00"))]
Share = Annotated[Decimal, BeforeValidator(_decimal(_SHARE)), WithJsonSchema(_text(_SHARE, "0.5"))]
Rate = Annotated[Decimal, BeforeValidator(_decimal(_RATE)), WithJsonSchema(_text(_RATE, "0.154321"))]


def _in_words(comment: str) -> str:
    if not any(character.isalnum() for character in comment):
        raise PydanticCustomError("comment_required", "say why in words")
    return comment.strip()


#: Why something is done.
Words = Annotated[str, Field(max_length=4_000), AfterValidator(_in_words)]


def not_hidden(value: str) -> str:
    """Return the value; refuse what was shown masked and is sent back: it would overwrite the real one (P.7)."""
    if HIDDEN in value:
        raise PydanticCustomError("hidden_value", "*** stands for a hidden value: give it whole, or leave it out")
    return value


#: A name, a number or an address of a person that callers may have been shown masked.
NOT_HIDDEN = AfterValidator(not_hidden)


class Wire(BaseModel):
    """A body that the caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_patch(schema: dict[str, JsonValue], model: type["Patch"]) -> None:
    """Say in a schema what a patch takes: one member at least, and null for what can be taken away alone."""
    schema["minProperties"] = 1
    fields = cast("dict[str, dict[str, JsonValue]]", schema["properties"])
    for name in fields.keys() - model.takes_away:
        kept = [one for one in cast("list[dict[str, JsonValue]]", fields[name].pop("anyOf", [])) if one != _NULL]
        fields[name].pop("default", None)
        fields[name] |= kept[0] if len(kept) == 1 else {"anyOf": cast("JsonValue", kept)} if kept else {}


class Patch(Wire):
    """A change of something: what is left out stays, and `null` takes away what is named in `takes_away`."""

    model_config = ConfigDict(json_schema_extra=_as_patch)

    takes_away: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name not in cls.takes_away:
            raise PydanticCustomError("null_given", "this cannot be taken away: leave it out, or give a value")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_given", "nothing to change")
        return self


class Titles(Wire):
    """One title in both languages."""

    ru: Name
    en: Name


class CustomerOut(BaseModel):
    """Whom to call, and what their clock shows now. `phone` is E.164; None: `phone_raw` is no number."""

    name: str | None
    phone: str | None
    phone_raw: str | None
    zone: str
    local_time: datetime


class TaskCustomer(CustomerOut):
    """The customer of a task; `do_not_call`: they withdrew calls, or are on the desk's black list (P.14)."""

    do_not_call: bool
