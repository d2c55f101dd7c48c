"""Leads and their orders as a table, read piece by piece: no piece is held while the next is read (S4.7)."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from libs.common.exports.cells import Phone, Row, TableHead
from libs.common.platform.audit.record import write
from libs.common.platform.audit.shown import Shown
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language, Text
from services.intake.leads.queries import LeadFilter, readable, searched
from services.intake.leads.search import in_order, search
from services.intake.leads.tables import lead
from services.intake.operators.tables import operator
from services.intake.orders.tables import sales_order
from services.intake.sources.tables import source

OPERATION = "export_leads"
AT_ONCE = 1000  # leads
LEADS = TableHead(
    "leads",
    (
        Text("Получена", "Received"),
        Text("Источник", "Source"),
        Text("Статус", "Status"),
        Text("Этап", "Stage"),
        Text("Ответственный", "Owner"),
        Text("Имя", "Name"),
        Text("Телефон", "Phone"),
        Text("E-mail", "E-mail"),
        Text("Заказ", "Order"),
        Text("Номер источника", "Number of the source"),
        Text("Статус заказа", "Status of the order"),
        Text("Состав", "Items"),
        Text("Сумма", "Amount"),
        Text("Оплачено", "Paid"),
        Text("Валюта", "Currency"),
        Text("Комментарий", "Comment"),
    ),
)
_LEADS = select(lead, operator.c.name.label("owner"), source.c.zone.label("source_zone")).select_from(
    lead.outerjoin(operator, operator.c.id == lead.c.owner_id).outerjoin(source, source.c.id == lead.c.source_id)
)
_KEY = tuple_(lead.c.created_at, lead.c.id)


async def export_rows(
    db: Database, caller: Principal, wanted: LeadFilter, language: Language
) -> AsyncGenerator[Sequence[Row]]:
    """Yield the rows of leads, the newest first, a row for each order; who is shown is logged before they leave."""
    within, after = and_(readable(caller), wanted.condition()), None
    while True:
        async with db.read() as conn:
            found = await _piece(conn, caller, wanted, within, after)
            orders = await _orders(conn, [row["id"] for row in found])
        if found:
            await _log(db, caller, found)
            yield [row for each in found for row in _rows(each, orders.get(each["id"], [None]), language)]
        if len(found) < AT_ONCE:
            return
        after = found[-1]


async def _piece(
    conn: AsyncConnection,
    caller: Principal,
    wanted: LeadFilter,
    within: ColumnElement[bool],
    after: RowMapping | None,
) -> Sequence[RowMapping]:
    query = _LEADS.where(within)
    if wanted.q is not None:
        found = await search(wanted.q).found(conn, searched(caller, wanted.desk))
        query = query.where(found.condition)
        if found.many:
            await in_order(conn)
    if after is not None:
        query = query.where(tuple_(after["created_at"], after["id"]) > _KEY)
    rows = await conn.execute(query.order_by(lead.c.created_at.desc(), lead.c.id.desc()).limit(AT_ONCE))
    return rows.mappings().all()


async def _orders(conn: AsyncConnection, leads: Iterable[UUID]) -> Mapping[UUID, list[RowMapping | None]]:
    query = select(sales_order).where(sales_order.c.lead_id.in_(list(leads))).order_by(sales_order.c.order_number)
    found: dict[UUID, list[RowMapping | None]] = defaultdict(list)
    for row in (await conn.execute(query)).mappings():
        found[row["lead_id"]].append(row)
    return found


async def _log(db: Database, caller: Principal, found: Sequence[RowMapping]) -> None:
    whose = {f"lead:{row['id']}" for row in found} | {f"customer:{row['customer_id']}" for row in found}
    await write(db, caller, OPERATION, Shown(sorted(whose), sorted({row["desk"] for row in found}), len(found)))


def _rows(one: RowMapping, orders: Sequence[RowMapping | None], language: Language) -> list[Row]:
    zone = ZoneInfo(one["source_zone"] or one["zone"])
    phone = Phone(one["phone"]) if one["phone"] else one["phone_raw"]
    of_lead = (
        one["created_at"].astimezone(zone).replace(microsecond=0),
        one["source"],
        one["title"].get(language.value) or one["status"],
        one["stage"],
        one["owner"] or (str(one["owner_id"]) if one["owner_id"] else None),
        one["name"],
        phone,
        one["email"],
    )
    return [(*of_lead, *_of_order(order), one["pinned_comment"]) for order in orders]


def _of_order(order: RowMapping | None) -> Row:
    if order is None:
        return (None,) * 7
    items = "; ".join(str(item.get("title", "")) for item in order["items"])
    number = str(order["order_number"])
    sums = order["amount"], order["paid"], order["currency"]
    return (number, order["external_number"] or order["external_id"], order["status"], items, *sums)
