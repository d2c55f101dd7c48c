"""Routes of templates."""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

from fastapi import Query

from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page, Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Number
from services.notifications.deps import Chain, Ctx, Manager, Staff, desks_of
from services.notifications.errors import NotFoundError
from services.notifications.templates import actions
from services.notifications.templates.convert import Json, variants_of
from services.notifications.templates.queries import list_templates
from services.notifications.templates.rules import placeholders, texts_of
from services.notifications.templates.schemas import ProposeTemplate, TemplateVersion

router = api_router("/notifications/v1/templates", tags=["templates"], route_class=IdempotentRoute)


@router.post("", operation_id="propose_template", status_code=201)
@refuses("already_exists", "not_found")
async def propose(body: ProposeTemplate, ctx: Ctx, caller: Staff) -> TemplateVersion:
    """Propose a template, or a new version of one; usable after a supervisor approves it (S2.5)."""
    if not caller.may_see(body.desk):
        raise NotFoundError
    bodies = {str(language): text for language, text in body.bodies.items()}
    variants = {str(kind): one.model_dump(mode="json", exclude_none=True) for kind, one in body.variants.items()}
    now = ctx.core.clock.now()
    return shape(await actions.propose(ctx.core.db, body.desk, body.code, bodies, variants, caller.sub, now))


@router.get("", operation_id="list_templates")
async def templates(
    ctx: Ctx,
    caller: Staff,
    asked: Paged,
    code: str | None = None,
    desk: str | None = None,
    state: Literal["proposed", "approved"] | None = None,
) -> Page[TemplateVersion]:
    """List versions, newest first."""
    desks = desks_of(caller)
    if desk is not None:
        desks = frozenset({desk}) if caller.may_see(desk) else frozenset()
    found = await list_templates(ctx.core.db, desks, code, state, asked)
    return found.page(lambda row: shape({**row}))


@router.post("/{code}/versions/{number}/approve", operation_id="approve_template")
@refuses("template_superseded")
async def approve(
    code: str,
    number: Number,
    ctx: Ctx,
    caller: Manager,
    chain: Chain,
    desk: Annotated[str | None, Query(description="needed when several desks have the template")] = None,
) -> TemplateVersion:
    """Make a version usable; approving it again changes nothing (S2.5)."""
    now = ctx.core.clock.now()
    return shape(await actions.approve(ctx.core.db, (code, number), desk, desks_of(caller), caller.sub, now, chain))


def shape(row: Mapping[str, object]) -> TemplateVersion:
    """Return a row as the API shows it."""
    bodies, variants = cast("dict[str, str]", row["bodies"]), variants_of(cast("Json", row["variants"]))
    texts = [*bodies.values(), *(text for variant in variants.values() for _, text in texts_of(variant))]
    names = dict.fromkeys(name for text in texts for name in placeholders(text))
    shown = {"registrations": [], **row, "placeholders": list(names)}
    return TemplateVersion.model_validate(shown)
