"""Cells of an exported table: typed values, and texts that no spreadsheet takes for a formula (OWASP)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from libs.common.platform.http.language import Language, Text

Cell: TypeAlias = "str | int | float | Decimal | datetime | date | bool | Phone | None"
Row: TypeAlias = Sequence[Cell]

# Also in their full-width forms, which some spreadsheets read alike.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone in E.164: a text, of which a CSV file has the digits alone."""

    number: str


@dataclass(frozen=True, slots=True)
class TableHead:
    """The title of a table, which names its file, and those of its columns."""

    name: str
    columns: Sequence[Text]

    def titles(self, language: Language) -> list[str]:
        return [title.ru if language is Language.RU else title.en for title in self.columns]


def harmless(text: str) -> str:
    """Return a text of a CSV cell so that it stays a text: what would begin a formula gets an apostrophe."""
    return f"'{text}" if text[:1] in _FORMULA and text else text


def yes_or_no(value: bool, language: Language) -> str:
    if language is Language.RU:
        return "да" if value else "нет"
    return "yes" if value else "no"
