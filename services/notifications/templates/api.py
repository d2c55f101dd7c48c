"""Routes of templates."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, cast

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.domain.sms import segments
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Number
from services.notifications.deps import Chain, Ctx, Decider, Manager, Staff, desks_of
from services.notifications.errors import AmbiguousDeskError, NotFoundError
from services.notifications.providers.values import ChannelKind
from services.notifications.templates import actions
from services.notifications.templates.convert import Json, stored, variants_of
from services.notifications.templates.queries import Filter, list_templates, version_of_desk, versions_of
from services.notifications.templates.rules import Tried, placeholders, texts_of, tried
from services.notifications.templates.schemas import (
    ProposeTemplate,
    TemplateState,
    TemplateVersion,
    TemplateView,
    TriedTemplate,
    TriedText,
    TryTemplate,
)

router = api_router("/notifications/v1/templates", tags=["templates"], route_class=IdempotentRoute)

OfDesk = Annotated[str | None, Query(description="needed when several desks have the template")]


@router.post("", operation_id="propose_template", status_code=201)
@refuses("already_exists", "not_found")
async def propose(body: ProposeTemplate, ctx: Ctx, caller: Staff) -> TemplateVersion:
    """Propose a template, or a new version of one; usable after the head of one's department approves it (S2.5).

    Who is in no department, or in one without a head, waits for a supervisor.
    """
    if not caller.may_see(body.desk):
        raise NotFoundError
    now, wording = ctx.core.clock.now(), body.wording()
    return shape(await actions.propose(ctx.core.db, body.desk, body.code, wording, caller.sub, now))


@router.get("", operation_id="list_templates")
async def templates(
    ctx: Ctx,
    caller: Staff,
    asked: Paged,
    code: str | None = None,
    desk: str | None = None,
    state: TemplateState | None = None,
    situation: Code | None = None,
) -> Page[TemplateVersion]:
    """List versions, newest first; of a customer's situation alone if it is named (S4.12)."""
    wanted = Filter(code, state, situation)
    found = await list_templates(ctx.core.db, desks_of(caller, desk), wanted, asked)
    return found.page(lambda row: shape({**row}))


@router.get("/{code}", operation_id="get_template")
@refuses("validation_failed")
async def template(code: str, ctx: Ctx, caller: Staff, desk: OfDesk = None) -> TemplateView:
    """Return a template: its newest version, and the one that messages use."""
    return _view(await versions_of(ctx.core.db, desks_of(caller, desk), code))


@router.post("/{code}/retire", operation_id="retire_template")
async def retire(code: str, ctx: Ctx, caller: Manager, chain: Chain, desk: OfDesk = None) -> TemplateView:
    """Take a template out of use: messages that ask for it fail as for one that is not approved.

    Retiring it again changes nothing; a new version, once approved, takes it into use again.
    """
    now = ctx.core.clock.now()
    of_desk = await actions.retire(ctx.core.db, code, desk, desks_of(caller), caller.sub, now, chain)
    return _view(await versions_of(ctx.core.db, {of_desk}, code))


@router.post("/{code}/versions/{number}/approve", operation_id="approve_template")
@refuses("head_approves", "template_superseded", "template_retired")
async def approve(
    code: str, number: Number, ctx: Ctx, caller: Decider, chain: Chain, desk: OfDesk = None
) -> TemplateVersion:
    """Make a version usable; approving it again changes nothing (S2.5).

    The head of its proposer's department does, where there is one, else a supervisor who has not proposed it; an
    administrator always may. Others get 403 `head_approves`.
    """
    now = ctx.core.clock.now()
    return shape(await actions.approve(ctx.core.db, (code, number), desk, desks_of(caller), caller, now, chain))


@router.post("/{code}/versions/{number}/preview", operation_id="preview_template")
@refuses("validation_failed")
async def preview(
    code: str, number: Number, body: TryTemplate, ctx: Ctx, caller: Staff, desk: OfDesk = None
) -> TriedTemplate:
    """Return what a version says with some values, before it is approved too, and which values it lacks (S2.5)."""
    rows = await version_of_desk(ctx.core.db, desks_of(caller, desk), code, number)
    if not rows:
        raise NotFoundError
    if len(rows) > 1:
        raise AmbiguousDeskError
    row = rows[0]
    texts = tried(stored(row).version, body.values)
    return TriedTemplate(texts=[_tried(one) for one in texts])


def _tried(one: Tried) -> TriedText:
    is_counted = one.channel == ChannelKind.SMS and one.filled is not None
    count = segments(one.filled or "").count if is_counted else None
    return TriedText.model_validate({**asdict(one), "segments": count})


def _view(rows: Sequence[Mapping[str, object]]) -> TemplateView:
    """Return a template. Raises NotFoundError, AmbiguousDeskError."""
    if not rows:
        raise NotFoundError
    versions = [shape(row) for row in rows]
    if len({version.desk for version in versions}) > 1:
        raise AmbiguousDeskError
    used = next((version for version in versions if version.state is TemplateState.APPROVED), None)
    return TemplateView(desk=versions[0].desk, code=versions[0].code, newest=versions[0], approved=used)


def shape(row: Mapping[str, object]) -> TemplateVersion:
    """Return a row as the API shows it."""
    bodies, variants = cast("dict[str, str]", row["bodies"]), variants_of(cast("Json", row["variants"]))
    texts = [*bodies.values(), *(text for variant in variants.values() for _, text in texts_of(variant))]
    names = dict.fromkeys(name for text in texts for name in placeholders(text))
    state = row["state"] if row["retired_at"] is None else TemplateState.RETIRED
    shown = {"registrations": [], **row, "state": state, "placeholders": list(names)}
    return TemplateVersion.model_validate(shown)
