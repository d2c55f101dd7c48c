"""Routes of departments."""

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
from services.assignment.departments.actions import change_department, create_department
from services.assignment.departments.queries import get_department, list_departments
from services.assignment.departments.schemas import DepartmentIn, DepartmentPatch, DepartmentView
from services.assignment.deps import Chain, Ctx, Lang, Manager, Staff

router = api_router("/assignment/v1/departments", tags=["departments"], route_class=IdempotentRoute)


@router.post("", operation_id="create_department", status_code=201)
@refuses("already_exists", "not_found")
async def post_department(
    body: DepartmentIn, ctx: Ctx, caller: Manager, lang: Lang, cause: Chain, response: Response
) -> DepartmentView:
    """Create a department; 409 with the `existing` id if the desk has this code."""
    department_id = await create_department(ctx, caller, body.command(), cause)
    view = await get_department(ctx.db, caller, department_id, lang)
    set_location(response, router.prefix, department_id)
    set_etag(response, view.version)
    return view


@router.get("", operation_id="list_departments")
async def get_departments(
    ctx: Ctx, caller: Staff, lang: Lang, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[DepartmentView]:
    """List the departments of the caller's desks, with their heads."""
    return await list_departments(ctx.db, caller, lang, desk, page)


@router.get("/{department_id}", operation_id="get_department")
async def get_one(department_id: UUID, ctx: Ctx, caller: Staff, lang: Lang, response: Response) -> DepartmentView:
    """Return a department."""
    view = await get_department(ctx.db, caller, department_id, lang)
    set_etag(response, view.version)
    return view


@router.patch("/{department_id}", operation_id="change_department")
async def patch_department(
    department_id: UUID,
    body: DepartmentPatch,
    seen: IfMatch,
    ctx: Ctx,
    caller: Manager,
    lang: Lang,
    cause: Chain,
    response: Response,
) -> DepartmentView:
    """Change a department; its head approves the templates that its operators propose."""
    read = partial(get_department, ctx.db, caller, department_id, lang)
    await read()
    async with answering_stale(read):
        await change_department(ctx, department_id, seen, body.command(), cause)
    view = await read()
    set_etag(response, view.version)
    return view
