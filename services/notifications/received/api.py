"""Routes of received messages."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping

from libs.common.contracts.shared import Direction
from libs.common.domain.masking import masked
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from services.notifications.deps import Crew, Ctx, desks_of, operator_of
from services.notifications.errors import NotFoundError
from services.notifications.media.queries import files_of
from services.notifications.media.schemas import MessageFile
from services.notifications.received.queries import ReceivedFilter, list_received, one_received
from services.notifications.received.schemas import ReceivedMessage

router = api_router("/notifications/v1/received-messages", tags=["messages"])


@router.get("", operation_id="list_received_messages")
@shows("lead:lead_id", "customer:customer_id", "message:id")
async def received_messages(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    lead_id: UUID | None = None,
    customer_id: UUID | None = None,
    direction: Direction | None = None,
    of_no_lead: bool | None = None,
    desk: str | None = None,
) -> Page[ReceivedMessage]:
    """List what customers wrote, and what they were written in a provider's own app, the last received first.

    An operator sees the leads that they work or have had a task of (P.6).
    """
    wanted = ReceivedFilter(
        desks_of(caller, desk), operator_of(caller), lead_id, customer_id, direction, of_no_lead
    )
    found = await list_received(ctx.core.db, wanted, asked)
    files = await files_of(ctx.core.db, [row["id"] for row in found.rows])
    return found.page(lambda row: _shown(row, files.get(row["id"], [])))


@router.get("/{message_id}", operation_id="get_received_message")
@shows("lead:lead_id", "customer:customer_id", "message:id")
async def received_message(message_id: UUID, ctx: Ctx, caller: Crew) -> ReceivedMessage:
    """Return one message; an operator's own alone, as in the list."""
    found = await one_received(ctx.core.db, message_id, ReceivedFilter(desks_of(caller), operator_of(caller)))
    if found is None:
        raise NotFoundError
    return _shown(found, (await files_of(ctx.core.db, [message_id])).get(message_id, []))


def _shown(row: RowMapping, files: Sequence[MessageFile]) -> ReceivedMessage:
    shown = masked if row["hidden"] else str
    known_by = [{"kind": kind, "value": shown(value)} for kind, value in row["known_by"]]
    return ReceivedMessage.model_validate({**row, "known_by": known_by, "files": files})
