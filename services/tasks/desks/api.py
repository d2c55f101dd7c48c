"""Routes of desks."""

from fastapi import Response

from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.stale import stale
from services.tasks.deps import Admin, Chain, Ctx, Lang, Manager, Staff
from services.tasks.desks.actions import StaleDeskError, change_desk, create_desk, read_view
from services.tasks.desks.queries import get_desk, list_desks
from services.tasks.desks.readiness import readiness
from services.tasks.desks.schemas import DeskIn, DeskOut, DeskPatch, ReadinessOut
from services.tasks.errors import NotFoundError

router = api_router("/tasks/v1/desks", tags=["desks"], route_class=IdempotentRoute)


@router.post("", operation_id="create_desk", status_code=201)
@refuses("already_exists", "not_found")
async def post_desk(body: DeskIn, ctx: Ctx, caller: Admin, lang: Lang, chain: Chain, response: Response) -> DeskOut:
    """Create a desk that the caller's token names; 409 with the `existing` code if the code is taken."""
    _refuse_foreign(caller, body.code)
    view = await create_desk(ctx, body.spec(), chain)
    set_location(response, router.prefix, body.code)
    set_etag(response, view.version)
    return DeskOut.of(view, lang)


@router.get("", operation_id="list_desks")
async def get_desks(ctx: Ctx, caller: Staff, lang: Lang, page: Paged) -> Page[DeskOut]:
    """List the caller's desks."""
    found = await list_desks(ctx.db, caller, page)
    return found.page(lambda row: DeskOut.of(read_view(row), lang))


@router.get("/{code}", operation_id="get_desk")
async def get_one(code: str, ctx: Ctx, caller: Staff, lang: Lang, response: Response) -> DeskOut:
    """Return a desk."""
    view = await get_desk(ctx.db, caller, code)
    set_etag(response, view.version)
    return DeskOut.of(view, lang)


@router.get("/{code}/readiness", operation_id="get_desk_readiness")
async def get_readiness(code: str, ctx: Ctx, caller: Manager) -> ReadinessOut:
    """Return which playbooks a desk lacks; leads that wait for one go on once it is activated.

    Administrators also see a desk that does not exist yet if leads came for it.
    """
    return ReadinessOut.of(await readiness(ctx.db, caller, code))


@router.patch("/{code}", operation_id="change_desk")
async def patch_desk(
    code: str,
    body: DeskPatch,
    seen: IfMatch,
    ctx: Ctx,
    caller: Admin,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> DeskOut:
    """Change a desk; leads in progress follow its new calendar from now on."""
    _refuse_foreign(caller, code)
    try:
        view = await change_desk(ctx, code, seen, body.change(), chain)
    except StaleDeskError as error:
        raise stale(DeskOut.of(error.current, lang)) from None
    set_etag(response, view.version)
    return DeskOut.of(view, lang)


def _refuse_foreign(caller: Principal, desk: str) -> None:
    if not caller.may_see(desk):
        raise NotFoundError
