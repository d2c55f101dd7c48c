"""Routes of sources."""

from datetime import timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Admin, Ctx
from services.intake.errors import NotFoundError
from services.intake.sources.actions import change_source, create_source, rotate_secret
from services.intake.sources.queries import get_source, list_sources
from services.intake.sources.schemas import Rotation, SourceIn, SourcePatch, SourceView, SourceWithSecret

router = api_router("/intake/v1/sources", tags=["sources"], route_class=IdempotentRoute)


@router.post("", operation_id="create_source", status_code=201)
@refuses("already_exists", "not_found")
async def post_source(body: SourceIn, ctx: Ctx, caller: Admin, response: Response) -> SourceWithSecret:
    """Make a source. A known code of the desk is 409 with the `existing` id."""
    if not caller.may_see(body.desk):
        raise NotFoundError
    source_id, secret = await create_source(ctx, body)
    view = await get_source(ctx.core.db, caller, source_id)
    set_etag(response, view.version)
    set_location(response, router.prefix, view.id)
    return SourceWithSecret(**view.model_dump(), secret=secret)


@router.get("", operation_id="list_sources")
async def get_sources(
    ctx: Ctx,
    caller: Admin,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
) -> Page[SourceView]:
    """List sources in the order they were made."""
    return await list_sources(ctx.core.db, caller, desk, asked)


@router.get("/{source_id}", operation_id="get_source")
async def get_one(source_id: UUID, ctx: Ctx, caller: Admin, response: Response) -> SourceView:
    """Return one source."""
    view = await get_source(ctx.core.db, caller, source_id)
    set_etag(response, view.version)
    return view


@router.patch("/{source_id}", operation_id="change_source")
async def patch_source(
    source_id: UUID, body: SourcePatch, ctx: Ctx, caller: Admin, seen: IfMatch, response: Response
) -> SourceView:
    """Change a source, for example mend its map before quarantined deliveries are read again."""
    read = partial(get_source, ctx.core.db, caller, source_id)
    await read()
    async with answering_stale(read):
        await change_source(ctx, source_id, seen, body)
    view = await read()
    set_etag(response, view.version)
    return view


@router.post("/{source_id}/rotate", operation_id="rotate_source_secret")
@refuses("no_secret")
async def post_rotation(source_id: UUID, body: Rotation, ctx: Ctx, caller: Admin) -> SourceWithSecret:
    """Make a new secret and show it once; the ones before it work for the grace time."""
    await get_source(ctx.core.db, caller, source_id)
    secret = await rotate_secret(ctx, source_id, timedelta(seconds=body.grace_seconds), body.secret)
    view = await get_source(ctx.core.db, caller, source_id)
    return SourceWithSecret(**view.model_dump(), secret=secret)
