"""Routes of playbooks."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import Query, Request
from starlette.datastructures import Headers
from starlette.responses import Response

from libs.common.domain.code import Code
from libs.common.platform.http.etag import set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.json import parse_json
from libs.common.platform.http.language import Text
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router, is_json
from libs.common.platform.http.wire import Number
from services.tasks.deps import Admin, Chain, Ctx, Lang, Manager, Staff
from services.tasks.errors import NotFoundError, no_desk
from services.tasks.playbooks.actions import activate, add_version
from services.tasks.playbooks.diagram import cards, diagram
from services.tasks.playbooks.queries import (
    StoredVersion,
    get_version,
    list_playbooks,
    list_versions,
    missing_of,
    read_version,
    version_in_use,
)
from services.tasks.playbooks.schemas import (
    MAX_SOURCE,
    ActivationIn,
    ActivationOut,
    CheckOut,
    DiagramOut,
    MissingOut,
    VersionOut,
)
from services.tasks.playbooks.standing import Missing
from services.tasks.playbooks.svg import svg

router = api_router("/tasks/v1/playbooks", tags=["playbooks"], route_class=IdempotentRoute)

SVG = "image/svg+xml"
_SOURCE = (Path(__file__).parent / "smallest.yaml").read_text("utf-8")
_YAML = {
    "schema": {"type": "string", "description": "a playbook, as docs/playbooks.md explains"},
    "example": _SOURCE,
}
_JSON = {
    "schema": {
        "type": "object",
        "required": ["source"],
        "properties": {"source": {"type": "string", "description": "the YAML text"}},
    },
    "example": {"source": _SOURCE},
}
_KNOWN: dict[int | str, dict[str, object]] = {
    200: {"model": VersionOut, "description": "The newest version has this text"}
}
_BODY = {"requestBody": {"required": True, "content": {"application/yaml": _YAML, "application/json": _JSON}}}
Version = Annotated[Number | None, Query(description="the newest unless given")]
Drawn = Annotated[Number | None, Query(description="the one in use unless given, else the newest")]
Of = Annotated[Code | None, Query(description="whose version is drawn")]
Desk = Annotated[Code | None, Query(description="the one desk that may use it; none: all")]


@router.post("", operation_id="create_playbook_version", status_code=201, openapi_extra=_BODY, responses=_KNOWN)
@refuses("invalid_playbook", "not_found")
async def post_playbook(
    request: Request, ctx: Ctx, caller: Admin, lang: Lang, response: Response, desk: Desk = None
) -> VersionOut:
    """Store a YAML text as the next version of the code it names; 422 lists every fault with its line.

    The text of the newest version makes none: that one is answered, with 200.

    A version for all desks needs a token for all desks.
    """
    if not (caller.sees_all_desks if desk is None else caller.may_see(desk)):
        raise Problem(403, "forbidden", detail=_NOT_FOR_ALL) if desk is None else NotFoundError
    source = _source(request.headers, await request.body())
    made = await add_version(ctx, source, caller.sub, desk)
    set_location(response, f"{router.prefix}/{made.code}/versions", made.version)
    response.status_code = 201 if made.is_new else 200
    return _out(await get_version(ctx.db, caller, made.code, made.version), lang)


@router.get("", operation_id="list_playbooks")
async def get_playbooks(
    ctx: Ctx, caller: Staff, lang: Lang, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[VersionOut]:
    """List the newest version of each playbook: shared ones, and those of the caller's desks, or of one.

    `active` says which versions the desks have, `active_at` who has the one that is shown.
    """
    found = await list_playbooks(ctx.db, caller, desk, page)
    return found.page(lambda row: _out(read_version(row), lang))


@router.get("/{code}/versions", operation_id="list_playbook_versions")
async def get_versions(code: str, ctx: Ctx, caller: Staff, lang: Lang, page: Paged) -> Page[VersionOut]:
    """List the versions of a playbook, newest first."""
    found = await list_versions(ctx.db, caller, code, page)
    if not found.rows and not page.cursor:
        raise NotFoundError
    return found.page(lambda row: _out(read_version(row), lang))


@router.get("/{code}/versions/{version}", operation_id="get_playbook_version")
async def get_one(code: str, version: Number, ctx: Ctx, caller: Staff, lang: Lang) -> VersionOut:
    """Return a version with its text."""
    found = await get_version(ctx.db, caller, code, version)
    return _out(found, lang, found.source)


@router.post("/{code}/activate", operation_id="activate_playbook")
@refuses("not_known_yet", "validation_failed")
async def post_activate(code: str, body: ActivationIn, ctx: Ctx, caller: Manager, chain: Chain) -> ActivationOut:
    """Start a desk's new leads on a version; leads in progress keep theirs.

    Leads that wait for the playbook are released. A misspelt name is refused with those that look like it;
    409 `not_known_yet` names the pools and templates that tasks has not heard of. `missing`: roles
    that no operator has.
    """
    if not caller.may_see(body.desk):
        raise NotFoundError(no_desk(body.desk))
    released = await activate(ctx, code, body.version, body.desk, caller.sub, chain)
    lacks = _missing(await missing_of(ctx, code, body.version, body.desk))
    return ActivationOut(code=code, desk=body.desk, version=body.version, leads_released=released, missing=lacks)


@router.get("/{code}/check", operation_id="check_playbook")
async def get_check(
    code: str, ctx: Ctx, caller: Staff, desk: Annotated[Code, Query()], version: Version = None
) -> CheckOut:
    """Return the pools, roles and templates that a playbook names and a desk does not have (P.4)."""
    if not caller.may_see(desk):
        raise NotFoundError(no_desk(desk))
    found = (await get_version(ctx.db, caller, code, version)).view
    lacks = _missing(await missing_of(ctx, code, found.version, desk))
    return CheckOut(code=code, version=found.version, desk=desk, missing=lacks)


@router.get("/{code}/diagram", operation_id="draw_playbook")
async def get_diagram(
    code: str, ctx: Ctx, caller: Staff, lang: Lang, version: Drawn = None, desk: Of = None
) -> DiagramOut:
    """Draw a playbook as a Mermaid flowchart."""
    found = (await version_in_use(ctx.db, caller, code, version, desk)).view
    compiled = await ctx.playbooks.of(ctx.db, [(found.code, found.version)])
    mermaid = diagram(compiled[found.code, found.version], lang.value)
    return DiagramOut(code=found.code, version=found.version, mermaid=mermaid)


@router.get(
    "/{code}/diagram.svg",
    operation_id="draw_playbook_svg",
    response_class=Response,
    responses={200: {"content": {SVG: {}}}},
)
async def get_picture(
    code: str, ctx: Ctx, caller: Staff, lang: Lang, version: Drawn = None, desk: Of = None
) -> Response:
    """Draw a playbook as a picture that needs nothing to be shown."""
    found = (await version_in_use(ctx.db, caller, code, version, desk)).view
    compiled = (await ctx.playbooks.of(ctx.db, [(found.code, found.version)]))[found.code, found.version]
    title = f"{compiled.title.of(lang.value)} · {found.version}"
    return Response(svg(cards(compiled, lang.value), title), media_type=SVG)


def _missing(found: Iterable[Missing]) -> tuple[MissingOut, ...]:
    return tuple(MissingOut(**asdict(each)) for each in found)


def _out(row: StoredVersion, lang: Lang, source: str | None = None) -> VersionOut:
    return VersionOut.of(row.view, lang, row.active_at, row.active, source)


def _source(headers: Headers, body: bytes) -> str:
    """Return the YAML text: the body itself, or the member `source` of a JSON body."""
    if is_json(headers.get("content-type")):
        value = parse_json(body)
        found = value.get("source") if isinstance(value, dict) else None
        if not isinstance(found, str):
            raise Problem(422, "validation_failed", errors=[Fault("/source", "missing", _NO_SOURCE)])
        return _checked(found)
    try:
        return _checked(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Problem(400, "malformed_request", detail=Text("тело не в UTF-8", "not UTF-8")) from error


def _checked(source: str) -> str:
    if "\x00" in source:
        raise Problem(422, "unstorable_text", errors=[Fault("", "nul_character", "NUL")])
    if len(source) > MAX_SOURCE:
        raise Problem(413, "body_too_large")
    return source


_NOT_FOR_ALL = Text("назовите участок (desk): токен не для всех", "name a desk: the token is not for all of them")
_NO_SOURCE = Text("нужен текст плейбука", "the playbook's text is required")
