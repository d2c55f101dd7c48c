"""A table as the answer of a route: CSV or XLSX, sent while its rows are read."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from enum import StrEnum
from typing import Annotated, Any, assert_never

from fastapi import Query
from starlette.responses import StreamingResponse

from libs.common.exports import csvs, xlsx
from libs.common.exports.cells import Row, TableHead
from libs.common.exports.csvs import CsvTable
from libs.common.exports.xlsx import XlsxTable
from libs.common.platform.http.language import Language


class Sheet(StrEnum):
    """How a table is exported."""

    CSV = "csv"
    XLSX = "xlsx"


_MEDIA = {Sheet.CSV: csvs.MEDIA, Sheet.XLSX: xlsx.MEDIA}
SheetParam = Annotated[Sheet, Query(alias="format", description="csv or xlsx")]
#: What the document of a route says that answers with a table.
TABLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the table",
        "content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in _MEDIA.values()},
    }
}


def table_of(head: TableHead, sheet: Sheet, language: Language) -> CsvTable | XlsxTable:
    titles = head.titles(language)
    match sheet:
        case Sheet.CSV:
            return CsvTable(titles, language)
        case Sheet.XLSX:
            return XlsxTable(titles, language)
        case _:
            assert_never(sheet)


def table_response(
    head: TableHead, sheet: Sheet, language: Language, pieces: AsyncGenerator[Sequence[Row]]
) -> StreamingResponse:
    """Answer with a table whose rows come in pieces; one piece is in memory at a time."""
    headers = {
        "Content-Disposition": f'attachment; filename="{head.name}.{sheet}"',
        "Cache-Control": "private, no-store",
    }
    body = _written(table_of(head, sheet, language), pieces)
    return StreamingResponse(body, headers=headers, media_type=_MEDIA[sheet])


async def _written(table: CsvTable | XlsxTable, pieces: AsyncGenerator[Sequence[Row]]) -> AsyncIterator[bytes]:
    try:
        yield table.begin()
        async with aclosing(pieces) as found:
            async for rows in found:
                # In a thread: other requests are answered meanwhile.
                if written := await asyncio.to_thread(table.rows, rows):
                    yield written
        yield table.end()
    finally:
        table.abandon()
