"""Routes of channels."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from fastapi import Response

from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.notifications.channels import actions
from services.notifications.channels.convert import is_heard, shown, webhook_path
from services.notifications.channels.queries import list_channels, one_channel
from services.notifications.channels.schemas import ChangeChannel, Channel, CreateChannel
from services.notifications.deps import Admin, Ctx, Manager, desks_of
from services.notifications.errors import NotFoundError, SubscriptionError

router = api_router("/notifications/v1/channels", tags=["channels"], route_class=IdempotentRoute)


@router.post("", operation_id="create_channel", status_code=201)
@refuses("already_exists")
async def create(body: CreateChannel, ctx: Ctx, caller: Admin, response: Response) -> Channel:
    """Create a channel of a desk."""
    if not caller.may_see(body.desk):
        raise NotFoundError
    row = await actions.create(ctx.core.db, ctx.core.keys, body, ctx.core.clock.now())
    set_location(response, router.prefix, row["id"])
    return _versioned(row, caller, response)


@router.get("", operation_id="list_channels")
async def channels(ctx: Ctx, caller: Manager, asked: Paged, desk: str | None = None) -> Page[Channel]:
    """List channels, newest first."""
    found = await list_channels(ctx.core.db, desks_of(caller, desk), asked)
    return found.page(lambda row: shape({**row}, caller))


@router.get("/{channel_id}", operation_id="get_channel")
async def channel(channel_id: UUID, ctx: Ctx, caller: Manager, response: Response) -> Channel:
    """Return one channel."""
    row = await one_channel(ctx.core.db, channel_id, desks_of(caller))
    if row is None:
        raise NotFoundError
    return _versioned(row, caller, response)


@router.patch("/{channel_id}", operation_id="change_channel")
async def change(
    channel_id: UUID, body: ChangeChannel, ctx: Ctx, caller: Admin, seen: IfMatch, response: Response
) -> Channel:
    """Change a channel, or resume it after a halt."""
    async with answering_stale(partial(channel, channel_id, ctx, caller, response)):
        row = await actions.change(ctx.core.db, ctx.core.keys, channel_id, desks_of(caller), seen, body)
    ctx.due.set()
    return _versioned(row, caller, response)


@router.post("/{channel_id}/subscribe", operation_id="subscribe_channel")
@refuses("subscription_refused")
async def subscribe(channel_id: UUID, ctx: Ctx, caller: Admin) -> Channel:
    """Subscribe our address to the provider's webhooks of this account; the provider probes it during the call."""
    base, standins = ctx.settings.callbacks, ctx.settings.standins
    if base is None:
        raise SubscriptionError("public_url_not_set")
    core = ctx.core
    row = await actions.subscribe(core.db, core.keys, ctx.transport, channel_id, desks_of(caller), base, standins)
    return shape(row, caller)


def _versioned(row: Mapping[str, object], caller: Principal, response: Response) -> Channel:
    shown = shape(row, caller)
    set_etag(response, shown.version)
    return shown


def shape(row: Mapping[str, object], caller: Principal) -> Channel:
    """Return a row as the API shows it; the address of the webhook is for administrators, where it is of use."""
    is_for_them = caller.has(Role.ADMIN) and is_heard(str(row["kind"]))
    path = webhook_path(str(row["provider"]), str(row["hook_key"])) if is_for_them else None
    return Channel.model_validate({**row, "config": shown(row), "hook_path": path})
