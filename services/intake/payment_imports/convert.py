"""A list of payments as it was given → payments, with every fault of every line. No I/O."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from io import StringIO
from zoneinfo import ZoneInfo

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault
from services.intake.formats.amounts import read_amount, read_currency
from services.intake.formats.moments import read_moment
from services.intake.payment_imports.rules import Imported
from services.intake.payment_imports.schemas import MAX_AMOUNT, MAX_ROWS, ImportedPaymentIn

_COLUMNS = {
    "paid_on": ("paid_on", "date", "дата", "дата платежа", "дата оплаты"),
    "name": ("name", "payer", "имя", "фио", "плательщик"),
    "amount": ("amount", "sum", "сумма"),
    "currency": ("currency", "валюта"),
    "external_id": ("external_id", "id", "номер", "номер платежа", "идентификатор"),
}
_NEEDED = ("paid_on", "name", "amount")
_DELIMITERS = ";\t,"
_LONGEST = 200  # characters of a name or an id
_FAULTS = {
    "not_a_date": Text("это не дата", "not a date"),
    "not_an_amount": Text("это не сумма больше нуля", "not an amount above zero"),
    "too_much": Text("слишком много", "too much"),
    "not_a_table": Text("здесь таблица не читается: нет закрывающей кавычки?", "not a table: no closing quote?"),
    "unknown_currency": Text("валюта неизвестна", "an unknown currency"),
    "missing": Text("здесь ничего нет", "there is nothing here"),
    "too_long": Text("слишком длинно", "too long"),
    "no_column": Text("в таблице нет такого столбца", "the table has no such column"),
    "too_many": Text(f"не больше {MAX_ROWS} строк", f"at most {MAX_ROWS} lines"),
}


def payments_of(rows: Sequence[ImportedPaymentIn]) -> list[Imported]:
    """Return payments with their keys: the sender's own, else what they say and how often they say it."""
    seen: dict[str, int] = {}
    made: list[Imported] = []
    for row in rows:
        said = "\n".join(
            (row.paid_on.isoformat(), " ".join(row.name.split()).casefold(), f"{row.amount:.2f}", row.currency)
        )
        text = f"id\n{row.external_id}" if row.external_id else said
        digest = sha256(text.encode()).hexdigest()
        again = seen[digest] = seen.get(digest, 0) + 1
        if row.external_id and again > 1:
            continue  # the same payment twice in one list
        name, key = " ".join(row.name.split()), f"{digest}-{again}"
        made.append(Imported(key, row.paid_on, name, row.amount, row.currency, row.external_id))
    return made


def read_table(text: str, currency: str, zone: ZoneInfo) -> list[ImportedPaymentIn] | list[Fault]:
    """Read a table with a header line, its columns divided by `;`, tabs or commas; or return every fault of it."""
    lines = text.removeprefix("\ufeff").splitlines()
    head = lines[0] if lines else ""
    delimiter = max(_DELIMITERS, key=head.count)
    table = _cells(lines, delimiter)
    if isinstance(table, Fault):
        return [table]
    places = _places(table[0][1] if table else [])
    if missing := [name for name in _NEEDED if name not in places]:
        return [_fault(f"/csv/1/{name}", "no_column") for name in missing]
    if len(table) - 1 > MAX_ROWS:
        return [_fault("/csv", "too_many")]
    rows: list[ImportedPaymentIn] = []
    faults: list[Fault] = []
    for number, cells in table[1:]:
        said = {name: cells[place].strip() for name, place in places.items() if place < len(cells)}
        if not any(said.values()):
            continue
        if bad := list(_faults_of(said, number, zone)):
            faults += bad
        else:
            rows.append(_row(said, currency, zone))
    return faults or rows


def _cells(lines: Sequence[str], delimiter: str) -> list[tuple[int, list[str]]] | Fault:
    """Return the rows of a table, each with the number of its first line; or the fault of a quote that is open."""
    reader = csv.reader(StringIO("\n".join(lines)), delimiter=delimiter)
    table: list[tuple[int, list[str]]] = []
    number = 1
    try:
        for cells in reader:
            places = _places(table[0][1] if table else cells)
            if _is_open(lines[number - 1 : reader.line_num], delimiter) or _swallows(cells, delimiter, places):
                return _fault(f"/csv/{number}", "not_a_table")
            table.append((number, cells))
            number = reader.line_num + 1
    except csv.Error:
        return _fault(f"/csv/{number}", "not_a_table")
    return table


def _is_open(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether a quote in the lines of a row is closed by none of its own."""
    try:
        list(csv.reader(StringIO("\n".join(lines)), delimiter=delimiter, strict=True))
    except csv.Error as error:  # within a line a quote may stand anywhere
        return len(lines) > 1 or "end of data" in str(error)
    return False


def _swallows(cells: Sequence[str], delimiter: str, places: Mapping[str, int]) -> bool:
    """Return whether a cell of a row has others in it, though its quote is closed: by one that was another's.

    What is read stands in one line; a text of another column may have several, but none that is a row.
    """
    read = {cells[place] for place in places.values() if place < len(cells)}
    return any("\n" in cell for cell in read) or any(
        line.count(delimiter) >= len(cells) - 1 for cell in cells for line in cell.splitlines()[1:]
    )


def _places(header: Sequence[str]) -> dict[str, int]:
    names = [" ".join(cell.lower().replace("ё", "е").split()) for cell in header]
    return {
        name: next(names.index(each) for each in known if each in names)
        for name, known in _COLUMNS.items()
        if any(each in names for each in known)
    }


def _faults_of(said: dict[str, str], number: int, zone: ZoneInfo) -> Iterator[Fault]:
    for name in _NEEDED:
        if not said.get(name):
            yield _fault(f"/csv/{number}/{name}", "missing")
    if said.get("paid_on") and read_moment(said["paid_on"], zone) is None:
        yield _fault(f"/csv/{number}/paid_on", "not_a_date")
    if said.get("amount"):
        amount = read_amount(said["amount"], grouped=True)
        if not amount or amount >= MAX_AMOUNT:
            yield _fault(f"/csv/{number}/amount", "too_much" if amount else "not_an_amount")
    if said.get("currency") and _currency(said["currency"]) is None:
        yield _fault(f"/csv/{number}/currency", "unknown_currency")
    for name in ("name", "external_id"):
        if len(said.get(name, "")) > _LONGEST:
            yield _fault(f"/csv/{number}/{name}", "too_long")


def _row(said: dict[str, str], currency: str, zone: ZoneInfo) -> ImportedPaymentIn:
    moment, amount = read_moment(said["paid_on"], zone), read_amount(said["amount"], grouped=True)
    if moment is None or amount is None:
        raise ValueError(said["paid_on"])  # its faults were asked for before
    return ImportedPaymentIn(
        paid_on=moment.astimezone(zone).date(), name=said["name"], amount=amount,
        currency=_currency(said.get("currency", "")) or currency, external_id=said.get("external_id") or None,
    )  # fmt: skip


def _currency(text: str) -> str | None:
    given = text.strip().upper()
    known = read_currency(text) if text else None
    return known or (given if len(given) == 3 and given.isascii() and given.isalpha() else None)


def _fault(pointer: str, code: str) -> Fault:
    return Fault(pointer, code, _FAULTS[code])
