"""Routes of the caller's own browsers that take pushes."""

from uuid import UUID

from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.notifications.deps import Ctx, Lang, Myself
from services.notifications.errors import NotFoundError
from services.notifications.pushes.actions import subscribe, unsubscribe
from services.notifications.pushes.queries import subscriptions_of
from services.notifications.pushes.schemas import PushKey, PushSubscription, PushSubscriptions, SubscribeToPushes

router = api_router("/notifications/v1", tags=["feed"])


@router.get("/push-key", operation_id="get_push_key")
@refuses("not_found")
async def push_key(ctx: Ctx, caller: Myself) -> PushKey:
    """Return the key that browsers subscribe with; 404 where pushes are not set up."""
    del caller
    if ctx.settings.vapid is None:
        raise NotFoundError
    return PushKey(public_key=ctx.settings.vapid.public)


@router.get("/push-subscriptions", operation_id="list_push_subscriptions")
async def subscriptions(ctx: Ctx, caller: Myself) -> PushSubscriptions:
    """List the caller's own browsers that new tasks are pushed to (S0.3)."""
    rows = await subscriptions_of(ctx.core.db, caller.sub)
    return PushSubscriptions(items=[PushSubscription.model_validate(dict(row)) for row in rows])


@router.put("/push-subscriptions", operation_id="put_push_subscription")
@refuses("not_found", "validation_failed")
async def put(ctx: Ctx, caller: Myself, language: Lang, body: SubscribeToPushes) -> PushSubscription:
    """Push the caller's new tasks to this browser, in the language of the request; again after each login.

    A browser that another operator used before is the caller's from now on. 404: the caller is no operator, or
    pushes are not set up here.
    """
    row = await subscribe(ctx.core, ctx.settings, caller.sub, body, language)
    return PushSubscription.model_validate(dict(row))


@router.delete("/push-subscriptions/{subscription_id}", operation_id="delete_push_subscription")
@refuses("not_found")
async def delete(ctx: Ctx, caller: Myself, subscription_id: UUID) -> PushSubscription:
    """Push nothing more to this browser, as at a logout, and return what it was."""
    row = await unsubscribe(ctx.core.db, caller.sub, subscription_id)
    return PushSubscription.model_validate(dict(row))
