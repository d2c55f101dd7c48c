"""Reports as tables: a row of each line, its titles in both languages."""

from collections.abc import AsyncGenerator, Sequence
from decimal import Decimal

from libs.common.exports.cells import Cell, Row, TableHead
from libs.common.platform.http.language import Text
from services.tasks.numbers.schemas import By, ConversionReport, NumbersRowOut, PayReport

_NUMBERS: Sequence[tuple[str, Text]] = (
    ("taken", Text("Взято в работу", "Taken into work")),
    ("paid", Text("Оплачено", "Paid")),
    ("conversion", Text("Конверсия", "Conversion")),
    ("kept", Text("Первый контакт в срок", "First contact in time")),
    ("late", Text("Первый контакт позже", "First contact late")),
    ("lost", Text("Отказов", "Lost")),
    ("invalid", Text("Ложных", "Invalid")),
    ("wins", Text("Оплат за дни", "Payments in the days")),
    ("alone", Text("Оплачено без работы", "Paid without work")),
    ("calls", Text("Звонков", "Calls")),
    ("attempts", Text("Исходов с контактом", "Outcomes with a contact")),
    ("answers", Text("Ответов", "Answers")),
    ("answer_seconds", Text("Время ответа, с", "Answer time, s")),
)
_DIMENSIONS: dict[By, tuple[str, Text]] = {
    By.PERSON: ("operator_name", Text("Сотрудник", "Person")),
    By.PRODUCT: ("product", Text("Продукт", "Product")),
    By.SOURCE: ("source", Text("Источник", "Source")),
    By.DAY: ("day", Text("День", "Day")),
    By.MONTH: ("day", Text("Месяц", "Month")),
}
PAY = TableHead(
    "pay",
    (
        Text("Сотрудник", "Person"),
        Text("С", "From"),
        Text("По", "To"),
        Text("Взято в работу", "Taken into work"),
        Text("Оплачено", "Paid"),
        Text("Конверсия", "Conversion"),
        Text("Ступень", "Tier"),
        Text("К выплате", "Pay"),
        Text("Валюта", "Currency"),
    ),
)


def conversion_head(by: Sequence[By]) -> TableHead:
    """Return the titles of a report by its dimensions."""
    found = [_DIMENSIONS[each] for each in dict.fromkeys(by)]
    return TableHead("conversion", [title for _, title in (*found, *_NUMBERS)])


async def conversion_rows(report: ConversionReport, by: Sequence[By]) -> AsyncGenerator[Sequence[Row]]:
    """Yield the rows of a report, then its totals."""
    names = [_DIMENSIONS[each][0] for each in dict.fromkeys(by)]
    totals = NumbersRowOut(**report.totals.model_dump())
    yield [_row(row, names) for row in report.rows] + [_row(totals, names)]


def _row(row: NumbersRowOut, names: Sequence[str]) -> Row:
    values: list[Cell] = [getattr(row, name) for name in (*names, *(name for name, _ in _NUMBERS))]
    return values


async def pay_rows(report: PayReport) -> AsyncGenerator[Sequence[Row]]:
    """Yield a row of each person's stretch of a pay table."""
    yield [
        (
            row.operator_name or str(row.operator_id),
            one.day_from,
            one.day_to,
            one.taken,
            one.paid,
            one.conversion,
            one.tier_from,
            Decimal(one.pay.amount),
            one.pay.currency,
        )
        for row in report.rows
        for one in row.stretches
    ]
