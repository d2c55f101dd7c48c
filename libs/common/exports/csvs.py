"""Rows → CSV that a spreadsheet opens right by a double click: UTF-8 with its mark, separators of the language."""

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from libs.common.exports.cells import Cell, Phone, Row, harmless, yes_or_no
from libs.common.platform.http.language import Language

MARK = b"\xef\xbb\xbf"
MEDIA = "text/csv; charset=utf-8"


class CsvTable:
    """One table, written piece by piece; nothing of it is kept."""

    def __init__(self, titles: Row, language: Language) -> None:
        self._language = language
        self._titles = titles

    def begin(self) -> bytes:
        return MARK + self.rows([self._titles])

    def rows(self, rows: Iterable[Row]) -> bytes:
        """Return rows; Russian spreadsheets part cells by a semicolon, since the comma is that of decimals."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";" if self._language is Language.RU else ",", lineterminator="\r\n")
        writer.writerows([self._text(cell) for cell in row] for row in rows)
        return text.getvalue().encode()

    def abandon(self) -> None:
        """Let go of a table that is not read to its end."""

    def end(self) -> bytes:
        return b""

    def _text(self, cell: Cell) -> str:
        match cell:
            case None:
                return ""
            case bool():
                return yes_or_no(cell, self._language)
            case str():
                return harmless(cell.replace("\0", ""))
            case Phone(number=number):
                return harmless(number.removeprefix("+"))
            case datetime():
                return cell.strftime("%Y-%m-%d %H:%M:%S")
            case date():
                return cell.isoformat()
            case int():
                return str(cell)
            case float() | Decimal():
                return str(cell).replace(".", "," if self._language is Language.RU else ".")
