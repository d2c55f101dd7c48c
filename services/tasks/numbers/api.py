"""Routes of numbers: conversion and pay of people, their own of today, exports, and the pay table (S4.7)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from starlette.responses import StreamingResponse

from libs.common.domain.code import Code
from libs.common.exports.stream import TABLE, SheetParam, table_response
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Day
from services.tasks.deps import Admin, Crew, Ctx, Lang, Manager, Worker
from services.tasks.errors import NotFoundError
from services.tasks.numbers.actions import pay_table, put_pay_table
from services.tasks.numbers.exports import PAY, conversion_head, conversion_rows, pay_rows
from services.tasks.numbers.queries import Asked, mine, pay, pay_parts, report
from services.tasks.numbers.schemas import By, ConversionReport, MyNumbers, PayReport, PayTableIn, PayTableOut

router = api_router("/tasks/v1/reports", tags=["reports"])
tables = api_router("/tasks/v1/pay-table", tags=["reports"], route_class=IdempotentRoute)

Desk = Annotated[Code, Query()]
Dimensions = Annotated[
    list[By] | None, Query(max_length=len(By), description="a row for each; repeated, a row for each combination")
]
Word = Annotated[str | None, Query(max_length=200)]


@router.get("/conversion", operation_id="report_conversion")
@refuses("not_found", "no_operator")
async def get_conversion(
    ctx: Ctx,
    caller: Crew,
    desk: Desk,
    day_from: Day,
    day_to: Day,
    by: Dimensions = None,
    operator_id: UUID | None = None,
    product: Word = None,
    source: Word = None,
) -> ConversionReport:
    """Count the orders of whole days by who took them into work, of them the paid, and what people did (S4.7).

    Operators get their own numbers alone.
    """
    asked = Asked(desk, day_from, day_to, by or (By.PERSON,), operator_id, product, source)
    return await report(ctx, caller, asked)


@router.get("/conversion/export", operation_id="export_conversion", response_class=Response, responses=TABLE)
@refuses("not_found")
async def export_conversion(
    ctx: Ctx,
    caller: Manager,
    lang: Lang,
    sheet: SheetParam,
    desk: Desk,
    day_from: Day,
    day_to: Day,
    by: Dimensions = None,
    operator_id: UUID | None = None,
    product: Word = None,
    source: Word = None,
) -> StreamingResponse:
    """Give the report out as a table, its totals in the last row."""
    asked = Asked(desk, day_from, day_to, by or (By.PERSON,), operator_id, product, source)
    found = await report(ctx, caller, asked)
    return table_response(conversion_head(asked.by), sheet, lang, conversion_rows(found, asked.by))


@router.get("/pay", operation_id="report_pay")
@refuses("not_found", "no_operator")
async def get_pay(
    ctx: Ctx, caller: Crew, desk: Desk, day_from: Day, day_to: Day, operator_id: UUID | None = None
) -> PayReport:
    """Say what people are paid for whole days by the desk's pay table; operators get their own row alone."""
    return await pay(ctx, caller, Asked(desk, day_from, day_to, operator_id=operator_id))


@router.get("/pay/export", operation_id="export_pay", response_class=Response, responses=TABLE)
@refuses("not_found")
async def export_pay(
    ctx: Ctx,
    caller: Manager,
    lang: Lang,
    sheet: SheetParam,
    desk: Desk,
    day_from: Day,
    day_to: Day,
    operator_id: UUID | None = None,
) -> StreamingResponse:
    """Give out as a table what people are paid, a row for each part of the pay table."""
    found = await pay(ctx, caller, Asked(desk, day_from, day_to, operator_id=operator_id))
    return table_response(PAY, sheet, lang, pay_rows(found))


@router.get("/mine", operation_id="report_mine")
@refuses("not_found", "no_operator")
async def get_mine(ctx: Ctx, caller: Worker, desk: Desk) -> MyNumbers:
    """Return the caller's own numbers of today and of this month, as of now."""
    return await mine(ctx, caller, desk)


@tables.get("", operation_id="get_pay_table")
@refuses("not_found")
async def get_table(ctx: Ctx, caller: Crew, desk: Desk, response: Response) -> PayTableOut:
    """Return what a desk pays by conversion; version 0, which a first change names: nothing yet."""
    _seen(caller, desk)
    async with ctx.db.pool.acquire() as conn:
        version, parts = await pay_parts(conn, desk)
    set_etag(response, version)
    return pay_table(desk, version, parts)


@tables.put("", operation_id="set_pay_table")
@refuses("not_found")
async def put_table(
    body: PayTableIn, seen: IfMatch, ctx: Ctx, caller: Admin, desk: Desk, response: Response
) -> PayTableOut:
    """Say what a desk pays by conversion, and from which days on."""
    _seen(caller, desk)
    table = await put_pay_table(ctx, desk, seen, body, caller.sub)
    set_etag(response, table.version)
    return table


def _seen(caller: Principal, desk: str) -> None:
    if not caller.may_see(desk):
        raise NotFoundError
