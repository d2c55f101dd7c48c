"""The route that tries a source."""

from uuid import UUID

from starlette.requests import Request

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.dry_run import DryRun
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.shell import limit_body
from libs.common.platform.telemetry.tracing import current_traceparent
from services.intake.deps import Admin, Ctx
from services.intake.formats.packing import TooLargeError, unpacked
from services.intake.formats.rules import RawRequest
from services.intake.rehearsals.actions import find_source, try_source
from services.intake.rehearsals.schemas import TriedSource
from services.intake.sources.queries import get_source
from services.intake.sources.rules import Source

router = api_router("/intake/v1/sources", tags=["sources"], route_class=IdempotentRoute)

_SENT = ("content-type", "content-encoding")
_BODY: dict[str, object] = {
    "requestBody": {
        "description": "A request as the sender makes it; empty: the example of the source's format",
        "content": {
            "application/json": {"schema": {"description": "what the sender sends, be it understood or not"}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    }
}


@router.post("/{source_id}/test-lead", operation_id="try_source", openapi_extra=_BODY)
@refuses("body_too_large")
@shows("source:source_id", "customer:customer_id", "lead:lead_id")
async def post_test_lead(
    source_id: UUID, request: Request, ctx: Ctx, caller: Admin, dry_run: DryRun = False
) -> TriedSource:
    """Try a source: what is understood of a request, and what it does.

    With `dry_run` nothing is kept. Without, it is a test that runs through the product: the lead bears the signal
    `test_number`, the delivery counts as a test, and the order has neither number nor address, so that it is no
    known customer's, and no message leaves. Of calls and messages a test keeps nothing but the delivery.
    """
    await get_source(ctx.core.db, caller, source_id)
    source = await find_source(ctx, source_id)
    raw = await _request(request, source) or source.format.example(ctx.core.clock.now())
    return await try_source(ctx, source, raw, current_traceparent(), keep=not dry_run)


async def _request(request: Request, source: Source) -> RawRequest | None:
    """Return the sender's request, None without one. Raises Problem 413 for one that the source would not take."""
    limit_body(request, source.body_limit)
    body = await request.body()
    if not body.strip():
        return None
    headers = {name: request.headers[name] for name in _SENT if name in request.headers}
    try:
        plain = unpacked(body, headers.get("content-encoding", "").split(","), source.body_limit)
    except TooLargeError:
        raise Problem(413, "body_too_large", extra={"limit": source.body_limit}) from None
    return RawRequest("POST", b"", headers, plain)
