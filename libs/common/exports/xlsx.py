"""Rows → XLSX (ECMA-376), streamed: a ZIP whose sheets are written row by row, in constant memory (docs/adr/0028).

Texts are inline strings, which no spreadsheet takes for a formula, also with an equals sign first. A sheet that is
full is followed by another.
"""

import re
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Final
from xml.sax.saxutils import escape

from libs.common.exports.cells import Cell, Phone, Row, yes_or_no
from libs.common.platform.http.language import Language

MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 1_048_576  # of a sheet, as Excel reads it
LONGEST = 32_767  # characters of a cell

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_DAY, _MOMENT, _BOLD = 1, 2, 3  # places in the styles
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's times have no zone
_SECONDS_OF_DAY = 86_400
# What XML 1.0 cannot hold.
_UNHEARD_OF = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {0xFFFE: None, 0xFFFF: None}
_UNHEARD_OF |= dict.fromkeys(range(0xD800, 0xE000))


#: What most texts have nothing of.
_ODD = re.compile("[&<>\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ud800-\udfff\ufffe\uffff]")


class XlsxTable:
    """One table, written piece by piece; of it no more is kept than what was not taken yet."""

    def __init__(self, titles: Row, language: Language, most: int = MOST_ROWS) -> None:
        self._titles, self._language, self._most = titles, language, most
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._sheet: IO[bytes] | None = None
        self._sheets = self._row = 0

    def begin(self) -> bytes:
        self._zip.writestr("xl/styles.xml", _STYLES)
        self._next_sheet()
        return self._sink.taken()

    def rows(self, rows: Iterable[Row]) -> bytes:
        for row in rows:
            if self._row == self._most:
                self._next_sheet()
            self._write(row)
        return self._sink.taken()

    def abandon(self) -> None:
        """Let go of a table that is not read to its end."""
        self._close_sheet()
        self._zip.close()

    def end(self) -> bytes:
        self._close_sheet()
        numbers = range(1, self._sheets + 1)
        for name, content in (
            ("xl/workbook.xml", _workbook(numbers)),
            ("xl/_rels/workbook.xml.rels", _relations(numbers)),
            ("_rels/.rels", _relation_of_package()),
            ("[Content_Types].xml", _types(numbers)),
        ):
            self._zip.writestr(name, content)
        self._zip.close()
        return self._sink.taken()

    def _next_sheet(self) -> None:
        self._close_sheet()
        self._sheets, self._row = self._sheets + 1, 0
        self._sheet = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w", force_zip64=True)
        panes = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        views = f'<sheetViews><sheetView workbookViewId="0">{panes}</sheetView></sheetViews>'
        self._sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}">{views}<sheetData>'.encode())
        self._write(self._titles, _BOLD)

    def _close_sheet(self) -> None:
        if self._sheet is not None:
            self._sheet.write(b"</sheetData></worksheet>")
            self._sheet.close()
            self._sheet = None

    def _write(self, row: Row, style: int = 0) -> None:
        self._row += 1
        cells = "".join([_cell(cell, self._language, style) for cell in row])
        if self._sheet is not None:
            self._sheet.write(f"<row>{cells}</row>".encode())


def _cell(cell: Cell, language: Language, style: int) -> str:
    match cell:
        case None:
            return "<c/>"
        case bool():
            return _text(yes_or_no(cell, language), style)
        case str():
            return _text(cell, style)
        case Phone(number=number):
            return _text(number, style)
        case datetime():
            return f'<c s="{_MOMENT}"><v>{_serial(cell.replace(tzinfo=None)):.8f}</v></c>'
        case date():
            return f'<c s="{_DAY}"><v>{cell.toordinal() - _EPOCH.toordinal()}</v></c>'
        case int() | float() | Decimal():
            return f"<c><v>{cell}</v></c>"


def _text(text: str, style: int) -> str:
    known = text[:LONGEST]
    if _ODD.search(known):
        known = escape(known.translate(_UNHEARD_OF))
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{known}</t></is></c>'


def _serial(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds() / _SECONDS_OF_DAY


class _Sink:
    """A file that is only written to; what was written is taken piece by piece."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def write(self, piece: bytes) -> int:
        self._pieces += piece
        return len(piece)

    def flush(self) -> None:
        """Keep what was written until it is taken."""

    def close(self) -> None:
        """Keep it after the last byte too."""

    def taken(self) -> bytes:
        pieces = bytes(self._pieces)
        self._pieces.clear()
        return pieces


def _workbook(numbers: Iterable[int]) -> str:
    sheets = "".join(f'<sheet name="{number}" sheetId="{number}" r:id="rId{number}"/>' for number in numbers)
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{sheets}</sheets></workbook>'


def _relations(numbers: Iterable[int]) -> str:
    found = [(f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
    return _relationships([*found, ("styles", "styles", "styles.xml")])


def _relation_of_package() -> str:
    return _relationships([("rId1", "officeDocument", "xl/workbook.xml")])


def _relationships(found: Iterable[tuple[str, str, str]]) -> str:
    each = "".join(
        f'<Relationship Id="{name}" Type="{_RELATED}/{kind}" Target="{target}"/>' for name, kind, target in found
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _types(numbers: Iterable[int]) -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for number in numbers
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{sheets}</Types>'
    )
