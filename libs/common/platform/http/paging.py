"""The parameters of lists, as FastAPI takes them: apart from `pagination`, which workers load too."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from libs.common.platform.http.pagination import MAX_LIMIT, PageQuery

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="how many items at most")]
CursorParam = Annotated[str | None, Query(max_length=1000, description="next_cursor of the page before")]
Ids = Annotated[
    list[UUID] | None, Query(max_length=MAX_LIMIT, description="these alone; repeated, as `ids=…&ids=…`")
]


async def asked_page(limit: Limit = 50, cursor: CursorParam = None) -> PageQuery:
    """Return which page is asked for."""
    return PageQuery(limit, cursor)


Paged = Annotated[PageQuery, Depends(asked_page)]
