"""Single values as people and machines write them: text, money, times, quantities.

An unreadable value does not lose the lead: it is left out and noted. Text that PostgreSQL cannot store makes the
delivery unreadable (`Reason.UNSTORABLE`).
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.identifiers import identifier_of, is_no_id
from services.intake.formats.payload import find, found, is_blank
from services.intake.formats.rules import Json, Note, Path, Reason, UnreadableError

MAX_AMOUNT = Decimal(10) ** 12
_WRITTEN_OUT = 400  # digits
_CENT = Decimal("0.01")
_NUMBER = re.compile(r"-?[\d., ]*\d")
_SCIENTIFIC = re.compile(r"\d[eE][+-]?\d")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
_CURRENCIES = (
    (("₽", "руб", "rub", "rur", "р."), "RUB"),
    (("₸", "тг", "тенге", "kzt"), "KZT"),
    (("$", "usd"), "USD"),
    (("€", "eur"), "EUR"),
    (("byn",), "BYN"),
)
_MAX_YEAR = 2200
_MIN_YEAR = 2000


@dataclass(slots=True)
class Reader:
    """Reads fields of one payload by their paths and collects notes on unreadable ones."""

    payload: dict[str, Json]
    paths: dict[str, tuple[Path, ...]]
    notes: list[Note] = field(default_factory=list)

    def value(self, name: str) -> Json:
        """Return the raw value of our field, None when there is none."""
        return find(self.payload, self.paths.get(name, ()))

    def text(self, name: str, limit: int) -> str | None:
        """Return a field as clean text, cut at `limit` characters. Raises UnreadableError for NUL and the like."""
        return self.clean(name, self.value(name), limit)

    def clean(self, name: str, value: Json, limit: int) -> str | None:
        """Return a value as clean text; unfilled placeholders (`{object.phone}`) count as absent."""
        text = self._stripped(name, value)
        if not text or (text[0] == "{" and is_blank(text)):
            return None
        if len(text) > limit:
            self.note(name, "cut", f"{len(text)} > {limit}")
        return text[:limit]

    def identifier(self, name: str) -> str | None:
        """Return the first value of a field that is an identifier; placeholders are noted."""
        for value in found(self.payload, self.paths.get(name, ())):
            text = self._stripped(name, value)
            if text and not is_no_id(text):
                return identifier_of(text)
            if text:
                self.note(name, "no_identifier", text)
        return None

    def _stripped(self, name: str, value: Json) -> str | None:
        match value:
            case str():
                text = value.strip()
            case None | bool():
                return None
            case int() | float() | Decimal():
                text = number_text(value)
            case _:
                self.note(name, "not_a_text")
                return None
        if not storable(text):
            raise UnreadableError(Reason.UNSTORABLE, Note(name, "unstorable_text"))
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
        text = self.text(name, 40)
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


def storable(text: str) -> bool:
    """Return whether PostgreSQL can store the text: no NUL, no lone surrogate."""
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_amount(text: str, *, grouped: bool = True) -> Decimal | None:
    """Return `12 000,50 руб.` as 12000.50; None for what is no amount from 0 to 10^12.

    `grouped`: one mark before three last digits parts thousands, as people write `1.990 руб.`
    """
    number = _NUMBER.search("".join(" " if c.isspace() else c for c in text))
    if number is None or _SCIENTIFIC.search(text):
        return None
    digits = number[0].replace(" ", "")
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        thousands = "," if point > comma else "."
        digits = digits.replace(thousands, "")
    elif digits.count(",") > 1 or digits.count(".") > 1 or (grouped and _THOUSANDS.fullmatch(digits)):
        digits = digits.replace(",", "").replace(".", "")
    try:
        amount = Decimal(digits.replace(",", ".")).quantize(_CENT, rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return abs(amount) if 0 <= amount < MAX_AMOUNT else None


def read_currency(text: str) -> str | None:
    """Return the ISO 4217 code of a word or sign in the text, or None."""
    lower = text.lower()
    return next((code for words, code in _CURRENCIES if any(word in lower for word in words)), None)


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return an ISO-like time in UTC; without offset it is in `zone`. None outside the years 2000–2199."""
    try:
        moment = datetime.fromisoformat(text)
        if not _MIN_YEAR < moment.year < _MAX_YEAR:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


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
    """Return a status word normalised for comparison: without case, ё as е, single spaces."""
    return " ".join(text.lower().replace("ё", "е").split())


def read_email(text: str | None) -> str | None:
    """Return an e-mail address in lower case, or None."""
    if text is None:
        return None
    local, at, domain = text.rpartition("@")
    good = at and local and "." in domain.strip(".") and not any(c.isspace() or c in '<>,;"' for c in text)
    return text.lower() if good else None
