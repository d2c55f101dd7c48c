"""Times as people and machines write them; one without an offset is in the source's zone. What is doubtful is none.

Seconds and milliseconds since 1970, ISO 8601 and what resembles it, `28.11.2026 10:00`, RFC 2822, the spellings of
JavaScript and C, months in Russian and English. `03/04/2026` may be March or April: it is no time.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_MIN_YEAR, _MAX_YEAR = 2000, 2200
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
# Of .NET too: `/Date(1764313200000+0300)/`.
_EPOCH = re.compile(r"(?:/date\()?(\d{9,10})(\d{3})?(\d{3})?(?:\.\d+)?(?:(?:[+-]\d{4})?\)/)?", re.ASCII)
_COMPACT = re.compile(r"(20\d\d|21\d\d)(\d\d)(\d\d)(?:[t ]?(\d\d)(\d\d)(\d\d)?)?", re.ASCII)
_MONTHS: Mapping[str, int] = {
    beginning: n
    for n, beginnings in enumerate(
        ("янв jan", "фев feb", "мар mar", "апр apr", "май мая may", "июн jun", "июл jul", "авг aug", "сен sep",
         "окт oct", "ноя nov", "дек dec"), 1
    )
    for beginning in beginnings.split()
}  # fmt: skip
_MONTH = re.compile(
    r"(?:январ|феврал|март|апрел|ма[йя]|июн|июл|август|сентябр|октябр|ноябр|декабр)[ьяаей]?"
    r"|(?:january|february|march|april|may|june|july|august|september|october|november|december)"
    r"|(?:янв|февр?|мар|апр|июн|июл|авг|сент?|окт|нояб?|дек|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_DAY = re.compile(
    r"(?:понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|пн|вт|ср|чт|пт|сб|вс"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)"
)
_TIME = re.compile(
    r"(?<![\d:])(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d{1,9})?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<offset>(?:utc|gmt|z(?![a-z])|msk|мск)?\s*(?:[+-]\d\d?(?::?\d\d)?)?)(?![\d:])"
)
_FILLER = re.compile(r"\b(?:года?|г|в|at)\b|\([^\W\d_][^()\d]*\)")
_BRACKETED = re.compile(r"\(((?:utc|gmt|msk|мск)[^()]*|[+-]\d[\d:]*)\)")
_PARTS = re.compile(r"\d+|[^\W\d_]+|[./-]")
_FIGURES = 3  # of a date
_MONTHS_IN_A_YEAR = 12
_HALF_DAY = 12  # hours
_MSK = timezone(timedelta(hours=3))


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return a time in UTC; without offset it is in `zone`. None outside the years 2001–2199, and if in doubt."""
    try:
        moment = datetime.fromisoformat(text) if _ISO.fullmatch(text) else _any_spelling(text)
        if moment is None or not _MIN_YEAR < moment.year < _MAX_YEAR:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _any_spelling(text: str) -> datetime | None:
    text = _BRACKETED.sub(r"\1", " ".join(text.lower().split()))
    return _since_1970(text) or _iso(text) or _spelled(text)


def _since_1970(text: str) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    if match is None or _COMPACT.fullmatch(text):
        return None
    return datetime.fromtimestamp(int(match[1]), UTC) + timedelta(milliseconds=int(match[2] or 0))


def _iso(text: str) -> datetime | None:
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        year, month, day, hour, minute, second = map(int, compact.groups(default="0"))
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its zone is the caller's
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def _spelled(text: str) -> datetime | None:
    """Return a date of three figures or with a month's name, and the time of day beside it. Raises ValueError."""
    time = _TIME.search(text)
    rest = f"{text[: time.start()]} {text[time.end() :]}" if time else text
    date = _date(rest.replace("t ", " ") if re.search(r"\dt ", rest) else rest)
    if date is None:
        return None
    year, month, day = date
    if time is None:
        return datetime(year, month, day)  # noqa: DTZ001 - its zone is the caller's
    hour, half = int(time["hour"]), time["half"]
    if half:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if half[0] == "p" else 0)
    second = int(time["second"] or 0)
    return datetime(year, month, day, hour, int(time["minute"]), second, tzinfo=_offset(time["offset"]))


def _offset(text: str) -> tzinfo | None:
    text = text.replace(" ", "")
    if text in {"msk", "мск"}:
        return _MSK
    digits = re.search(r"([+-])(\d\d?):?(\d\d)?$", text)
    if digits is None:
        return UTC if text else None
    apart = timedelta(hours=int(digits[2]), minutes=int(digits[3] or 0))
    return timezone(apart if digits[1] == "+" else -apart)


def _date(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day; None when anything else stands there, or when day and month may be mixed up."""
    words = _PARTS.findall(_FILLER.sub(" ", text))
    if set(re.sub(r"\d+|[^\W\d_]+|[./-]", "", _FILLER.sub(" ", text))) - set(" ,"):
        return None
    figures = [word for word in words if word.isdigit()]
    named = [_MONTHS[word[:3]] for word in words if word.isalpha() and _MONTH.fullmatch(word)]
    strange = [word for word in words if word.isalpha() and not (_MONTH.fullmatch(word) or _DAY.fullmatch(word))]
    if strange or len(named) > 1 or len(figures) != _FIGURES - len(named):
        return None
    if named:
        day, year = sorted(figures, key=len) if len(figures[0]) != len(figures[1]) else figures
        return _year(year), named[0], int(day)
    return _of_figures(figures, "/" in words)


def _of_figures(figures: list[str], slashes: bool) -> tuple[int, int, int] | None:
    first, second, third = map(int, figures)
    if len(figures[0]) == len("2026"):
        return first, second, third
    if slashes and first != second and first <= _MONTHS_IN_A_YEAR and second <= _MONTHS_IN_A_YEAR:
        return None
    day, month = (second, first) if slashes and second > _MONTHS_IN_A_YEAR else (first, second)
    return _year(figures[2]), month, day


def _year(text: str) -> int:
    return 2000 + int(text) if len(text) == len("26") else int(text)
