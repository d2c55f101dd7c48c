"""Leads and their orders as a table, read piece by piece: no piece is held while the next is read (S4.7)."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, any_, cast, func, literal, select, tuple_
from sqlalchemy import Text as TextType

from libs.common.exports.cells import Phone, Row, TableHead
from libs.common.platform.audit.record import write
from libs.common.platform.audit.shown import Shown
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database, Reading
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
_KEY = tuple_(lead.c.created_at, lead.c.id)
#: Id, customer, desk and time of a lead, for the log and the next piece; then the cells, its phone as two.
_Found: TypeAlias = tuple[Any, ...]


async def export_rows(
    db: Database, caller: Principal, wanted: LeadFilter, language: Language
) -> AsyncGenerator[Sequence[Row]]:
    """Yield the rows of leads, the newest first, a row for each order; who is shown is logged before they leave."""
    within, after = and_(readable(caller), wanted.condition()), None
    while True:
        async with db.read() as conn:
            found = await _piece(conn, caller, wanted, within, after, language)
        leads = {row[0] for row in found}
        if found:
            await _log(db, caller, found, len(leads))
            yield [_row(row) for row in found]
        if len(leads) < AT_ONCE:
            return
        after = found[-1]


async def _piece(
    conn: Reading,
    caller: Principal,
    wanted: LeadFilter,
    within: ColumnElement[bool],
    after: _Found | None,
    language: Language,
) -> Sequence[_Found]:
    """Return the next leads with their orders; what a cell shows the database makes, which is quicker at it."""
    piece = select(lead.c.id).where(within)
    if wanted.q is not None:
        found = await search(wanted.q).found(conn, searched(caller, wanted.desk))
        piece = piece.where(found.condition)
        if found.many:
            await in_order(conn)
    if after is not None:
        place = literal(after[3], lead.c.created_at.type), literal(after[0], lead.c.id.type)
        piece = piece.where(tuple_(*place) > _KEY)
    newest = lead.c.created_at.desc(), lead.c.id.desc()
    ids = piece.order_by(*newest).limit(AT_ONCE)
    rows = await conn.execute(
        _columns(language).where(lead.c.id.in_(ids)).order_by(*newest, sales_order.c.order_number)
    )
    return [tuple(row) for row in rows]


def _columns(language: Language) -> Select[_Found]:
    zone = func.coalesce(source.c.zone, lead.c.zone)
    item = func.jsonb_array_elements(sales_order.c["items"]).table_valued("value").alias("item")
    titles = select(func.string_agg(item.c.value.op("->>")("title"), "; ")).select_from(item).scalar_subquery()
    return select(
        lead.c.id,
        lead.c.customer_id,
        lead.c.desk,
        lead.c.created_at,
        func.date_trunc("second", func.timezone(zone, lead.c.created_at)),
        lead.c.source,
        func.coalesce(lead.c.title[language.value].astext, lead.c.status),
        lead.c.stage,
        func.coalesce(operator.c.name, cast(lead.c.owner_id, TextType)),
        lead.c.name,
        lead.c.phone,
        lead.c.phone_raw,
        lead.c.email,
        cast(sales_order.c.order_number, TextType),
        func.coalesce(sales_order.c.external_number, sales_order.c.external_id),
        sales_order.c.status,
        titles,
        sales_order.c.amount,
        sales_order.c.paid,
        sales_order.c.currency,
        lead.c.pinned_comment,
    ).select_from(
        lead.outerjoin(operator, operator.c.id == lead.c.owner_id)
        .outerjoin(source, source.c.id == lead.c.source_id)
        .outerjoin(sales_order, sales_order.c.lead_id == any_(_and_merged()))
    )


def _and_merged() -> ColumnElement[Sequence[UUID]]:
    """Return the ids under which a lead has orders: its own, and those of the leads that are this one by now."""
    one = lead.alias()
    losers = func.array(select(one.c.id).where(one.c.merged_into == lead.c.id).scalar_subquery())
    return func.array_append(losers, lead.c.id)


async def _log(db: Database, caller: Principal, found: Sequence[_Found], count: int) -> None:
    whose = {f"lead:{row[0]}" for row in found} | {f"customer:{row[1]}" for row in found}
    await write(db, caller, OPERATION, Shown(sorted(whose), sorted({row[2] for row in found}), count))


def _row(found: _Found) -> Row:
    phone, raw = found[10:12]
    return (*found[4:10], Phone(phone) if phone else raw, *found[12:])
