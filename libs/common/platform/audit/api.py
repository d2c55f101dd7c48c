"""The audit log over HTTP for administrators: `/{service}/v1/audit`. Who reads it stands in it."""

from datetime import datetime
from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import ColumnElement, MetaData, select, true

from libs.common.domain.code import Code
from libs.common.platform.audit.record import write
from libs.common.platform.audit.shown import Shown
from libs.common.platform.audit.tables import audit_table
from libs.common.platform.auth.principal import Principal, Role, Scope
from libs.common.platform.core import Core
from libs.common.platform.http.deps import Admin
from libs.common.platform.http.pagination import Page, paginate
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment

_AUDIT = audit_table(MetaData())


class AuditedRead(BaseModel):
    """An answer that gave personal data out."""

    id: int
    at: datetime
    desks: list[str]
    caller: str
    role: Role
    scope: Scope
    operation: str
    shown: int
    whose: list[str]


@cache
def audit_router(service: str) -> APIRouter:
    """Return the route; the app's lifespan must have set `app.state.ctx` with a `core`."""
    router = api_router(prefix=f"/{service}/v1/audit", tags=["audit"])
    router.get("", operation_id=f"list_{service}_audit")(_list)
    return router


async def _list(
    request: Request,
    caller: Admin,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    by: Annotated[str | None, Query(max_length=255, description="`sub` of who read")] = None,
    customer_id: UUID | None = None,
    lead_id: UUID | None = None,
    created_from: Moment | None = None,
    created_to: Moment | None = None,
) -> Page[AuditedRead]:
    """List who read whose personal data and by which right, the newest first; this is a read of it too."""
    core: Core = request.app.state.ctx.core
    whose = [*_named("customer", customer_id), *_named("lead", lead_id)]
    query = select(_AUDIT).where(
        _visible(caller),
        true() if desk is None else _AUDIT.c.desks.contains([desk]),
        true() if by is None else _AUDIT.c.caller == by,
        _AUDIT.c.whose.contains(whose) if whose else true(),
        true() if created_from is None else _AUDIT.c.at >= created_from,
        true() if created_to is None else _AUDIT.c.at < created_to,
    )
    async with core.db.read() as conn:
        found = await paginate(conn, query, "-id", [_AUDIT.c.id], page)
    await write(core.db, caller, f"list_{core.service}_audit", Shown(whose, (), len(found.rows)))
    return found.page(lambda row: AuditedRead.model_validate(dict(row)))


def _named(kind: str, who: UUID | None) -> list[str]:
    return [] if who is None else [f"{kind}:{who}"]


def _visible(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the rows of which all desks are the caller's."""
    return true() if caller.sees_all_desks else _AUDIT.c.desks.contained_by(sorted(caller.desks))
