"""Single values as people and machines write them: text, money, times, quantities.

An unreadable value does not lose the lead: it is left out and noted. A character that PostgreSQL cannot store, or
that could not be read, is U+FFFD, and noted.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.amounts import read_amount
from services.intake.formats.identifiers import identifier_of, is_no_id
from services.intake.formats.moments import read_moment
from services.intake.formats.payload import found, is_blank
from services.intake.formats.rules import Json, Note, Path, Reason, UnreadableError, cleaned
from services.intake.formats.texts import plain, stands_for_nothing

_WRITTEN_OUT = 400  # digits


@dataclass(slots=True)
class Reader:
    """Reads fields of one payload by their paths and collects notes on unreadable ones.

    `places`: under which name of the payload each of our fields was found.
    """

    payload: dict[str, Json]
    paths: dict[str, tuple[Path, ...]]
    notes: list[Note] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> Json:
        """Return the raw value of our field, None when there is none."""
        for path, value in found(self.payload, self.paths.get(name, ())):
            if value is not None and not is_blank(value):
                self.places[name] = ".".join(path)
                return value
        return None

    def text(self, name: str, limit: int) -> str | None:
        """Return a field as clean text, cut at `limit` characters."""
        return self.clean(name, self.value(name), limit)

    def clean(self, name: str, value: Json, limit: int) -> str | None:
        """Return a value as clean text; unfilled placeholders (`{object.phone}`) and `null` count as absent."""
        text = self._stripped(name, value)
        if not text or stands_for_nothing(text):
            return None
        if len(text) > limit:
            self.note(name, "cut", f"{len(text)} > {limit}")
        return text[:limit]

    def identifier(self, name: str) -> str | None:
        """Return the first value of a field that is an identifier; placeholders are noted."""
        for path, value in found(self.payload, self.paths.get(name, ())):
            text = self._stripped(name, value)
            if text and not is_no_id(text):
                self.places[name] = ".".join(path)
                return identifier_of(text)
            if text:
                self.note(name, "no_identifier", text)
        return None

    def _stripped(self, name: str, value: Json) -> str | None:
        match value:
            case str():
                text = cleaned(plain(value))
            case None | bool():
                return None
            case int() | float() | Decimal():
                return number_text(value)
            case [one]:
                return self._stripped(name, one)
            case {"value": inner} if not isinstance(inner, dict | list):
                return self._stripped(name, inner)
            case _:
                self.note(name, "not_a_text")
                return None
        if "\ufffd" in text:
            self.note(name, "replaced_character", text)
        return text

    def money(self, name: str) -> Decimal | None:
        value = self.value(name)
        return self.amount(name, value.get("amount") if isinstance(value, dict) else value)

    def amount(self, name: str, value: Json) -> Decimal | None:
        """Return a value as an amount; any other value is noted."""
        text = self.clean(name, value, 60)
        if text is None:
            return None
        # A JSON number has no thousands separators.
        amount = read_amount(text, grouped=isinstance(value, str))
        if amount is None:
            self.note(name, "not_an_amount", text)
        return amount

    def moment(self, name: str, zone: ZoneInfo) -> datetime | None:
        """Return a time in UTC; one without offset is in `zone`."""
        text = self.text(name, 100)
        moment = read_moment(text, zone) if text else None
        if text and moment is None:
            self.note(name, "not_a_time", text)
        return moment

    def note(self, name: str, code: str, detail: str = "") -> None:
        """Add a note for the person who looks at the delivery."""
        if len(self.notes) < 20:
            self.notes.append(Note(name, code, detail[:200]))


def number_text(number: float | Decimal) -> str:
    """Return a number's digits: a whole one without point and exponent, any other as it was written.

    An exponent that would make it longer than 400 digits stays.
    """
    if isinstance(number, int):
        return str(number)
    exact = Decimal(repr(number)) if isinstance(number, float) else number
    if not exact:
        return "0"
    text = f"{exact:f}" if abs(exact.adjusted()) <= _WRITTEN_OUT else str(exact)
    whole, _, fraction = text.partition(".")
    return text if fraction.strip("0") else whole


def read_quantity(value: Json) -> int | None:
    """Return a count from 1 to 100,000."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    text = value.strip() if isinstance(value, str) else number_text(value)
    if not text.isascii() or len(text) > 12:
        return None
    try:
        count = float(text)
    except ValueError:
        return None
    return int(count) if count.is_integer() and 1 <= count <= 100_000 else None


def read_status(text: str, words: dict[str, OrderStatus]) -> OrderStatus:
    """Return our status for a source's code or title. Raises UnreadableError for an unmapped word."""
    known = words.get(status_key(text))
    if known is None:
        raise UnreadableError(Reason.UNKNOWN_STATUS, Note("status", "unknown_status", text[:100]))
    return known


def status_key(text: str) -> str:
    """Return a status word normalised for comparison: without case, ё as е, single spaces; `_` and `-` are ones."""
    return " ".join(text.lower().replace("ё", "е").replace("_", " ").replace("-", " ").split())


def read_email(text: str | None) -> str | None:
    """Return an e-mail address in lower case, or None."""
    if text is None:
        return None
    local, at, domain = text.rpartition("@")
    good = at and local and "." in domain.strip(".") and not any(c.isspace() or c in '<>,;"' for c in text)
    return text.lower() if good else None
