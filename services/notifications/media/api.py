"""Routes of files: the address of one for who may see it, and behind that the file, if we keep it in a folder."""

from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from fastapi.responses import RedirectResponse
from sqlalchemy import RowMapping
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.objects import Objects
from libs.common.platform.sealing import BrokenSealError, MissingKeyError, Place
from services.notifications.context import Context
from services.notifications.conversations.queries import ThreadFilter
from services.notifications.deps import Crew, Ctx, desks_of, operator_of
from services.notifications.errors import FileNotStoredError, NotFoundError
from services.notifications.media.queries import PATH, one_file, stored_file
from services.notifications.media.rules import FileState, disposition_of, key_of

# What a browser shows of a file may do nothing and belongs to no origin, of any content.
_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; media-src 'self'; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "private, no-store",
}

router = api_router(PATH, tags=["conversations"])


class FileAddress(RedirectResponse):
    """The way to a file, and whose it is, for the audit log."""

    def __init__(self, url: str, row: RowMapping) -> None:
        super().__init__(url, 303, {"Cache-Control": "no-store"})
        self.desk = str(row["desk"])
        self.customer_id, self.lead_id, self.message_id = row["customer_id"], row["lead_id"], row["message_id"]


@router.get(
    "/{media_id}",
    operation_id="get_media",
    status_code=303,
    response_class=RedirectResponse,
    response_description="Where the file is had from",
)
@refuses("file_not_stored")
@shows("customer:customer_id", "lead:lead_id", "message:message_id")
async def get_media(media_id: UUID, ctx: Ctx, caller: Crew) -> RedirectResponse:
    """Lead to a file of a conversation that the caller sees: to an address that gives it out for some minutes.

    The address asks for no token, so that a browser shows the picture and plays the voice; ask for a new one each
    time. Pictures, voice and video are shown, all else is saved.
    """
    row = await one_file(ctx.core.db, media_id, ThreadFilter(desks_of(caller), operator_of(caller)))
    if row is None:
        raise NotFoundError
    if row["state"] != FileState.STORED or (objects := ctx.objects) is None:
        raise FileNotStoredError(row["state"], row["code"])
    return FileAddress(await _address(ctx, objects, media_id), row)


async def _address(ctx: Context, objects: Objects, file_id: UUID) -> str:
    lasts = timedelta(seconds=ctx.settings.media_link_seconds)
    if (link := await objects.link(key_of(file_id), lasts)) is not None:
        return link
    until = (ctx.core.clock.now() + lasts).isoformat()
    return f"{PATH}/{file_id}/content?signature={quote(ctx.core.keys.seal(until, _place(file_id)), safe='')}"


async def content(request: Request) -> Response:
    """Give out a file by its address alone, until that is over."""
    ctx: Context = request.app.state.ctx
    try:
        file_id = UUID(request.path_params["media_id"])
        until = datetime.fromisoformat(
            ctx.core.keys.open(request.query_params.get("signature", ""), _place(file_id))
        )
    except (ValueError, BrokenSealError, MissingKeyError):
        raise Problem(404, "not_found") from None
    if until <= ctx.core.clock.now():
        raise Problem(404, "not_found")
    row = await stored_file(ctx.core.db, file_id)
    path = ctx.objects.file(key_of(file_id)) if row is not None and ctx.objects is not None else None
    if row is None or path is None:
        raise Problem(404, "not_found")
    headers = {**_HEADERS, "Content-Disposition": disposition_of(row["type"], row["name"])}
    return FileResponse(path, headers=headers, media_type=row["type"])


def _place(file_id: UUID) -> Place:
    """Say for what an address is sealed: an expiry of one file opens no other."""
    return Place("media", "address", file_id)


#: Not in the document: the address is to be followed, not made.
routes = [Route(f"{PATH}/{{media_id}}/content", content, methods=["GET"])]
