"""The loop that fetches files from providers, through the egress guard, and removes the objects of erased ones."""

import asyncio
from datetime import timedelta

from libs.common.connect.egress import Egress
from libs.common.connect.exchange import HttpRequest, Lost, Reply
from libs.common.connect.transport import Transport
from libs.common.platform import faultpoints
from libs.common.platform.objects import Objects, ObjectsError
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.worker import Loop, Watch
from services.notifications.asking.store import channel_of
from services.notifications.context import Context
from services.notifications.media.actions import keep, remove, settle_failure
from services.notifications.media.rules import EMPTY, LONGEST, MOST, NO_FILE, TOO_LARGE, Again, after_failure
from services.notifications.media.store import Leased, lease, make_up
from services.notifications.providers.base import Adapter

TOGETHER = 3  # files in memory at once, up to some 75 MB each
CALLS = 3  # at most for one file: where is it, fetch it, store it
SPARE = timedelta(seconds=15)  # of a lease, beyond all calls

log = get_logger(__name__)


class _Fetcher:
    """What is done with one leased file."""

    def __init__(self, ctx: Context, objects: Objects, transport: Transport) -> None:
        self._ctx, self._objects, self._transport = ctx, objects, transport

    async def __call__(self, file: Leased) -> None:
        """Handle a file; an error of our own is logged, and it is tried again when its lease is over."""
        try:
            async with asyncio.timeout(CALLS * self._ctx.settings.media_timeout):
                await (self._remove(file) if file.gone else self._fetch(file))
        except Exception as error:
            log.exception("a file was not fetched", file=str(file.id), error_type=type(error).__name__)

    async def _fetch(self, file: Leased) -> None:
        db = self._ctx.core.db
        found = await self._content(file)
        if isinstance(found, bytes):
            try:
                await keep(db, self._objects, file, found)
            except ObjectsError as error:
                log.warning("a file was not stored", file=str(file.id), error_type=str(error))
                await settle_failure(db, file, Again("not_stored", LONGEST / 60))
            return
        await settle_failure(db, file, after_failure(found, file.attempts))

    async def _remove(self, file: Leased) -> None:
        db = self._ctx.core.db
        try:
            await remove(db, self._objects, file)
        except ObjectsError as error:
            log.warning("an erased file was not removed", file=str(file.id), error_type=str(error))
            await settle_failure(db, file, Again("not_removed", LONGEST / 60))

    async def _content(self, file: Leased) -> bytes | str:
        """Return a file's bytes, or the code of why they are not had."""
        media, adapter = dict(file.reference or {}), await self._adapter(file)
        answered: Reply | None = None
        if (question := adapter.ask_file(media)) is not None:
            answer = await self._call(question)
            if isinstance(answer, str):
                return answer
            answered = answer
        if (request := adapter.file(media, answered)) is None:
            return NO_FILE
        reply = await self._call(request)
        if isinstance(reply, str):
            return reply
        faultpoints.reach("media.fetched")
        return TOO_LARGE if reply.too_long else reply.body or EMPTY

    async def _call(self, request: HttpRequest) -> Reply | str:
        answered = await self._transport.call(request)
        if isinstance(answered, Lost):
            return answered.code
        return answered if answered.status == 200 else f"http_{answered.status}"

    async def _adapter(self, file: Leased) -> Adapter:
        async with self._ctx.core.db.begin() as tx:
            row = await channel_of(tx, file.channel_id)
        if row is None:
            raise LookupError("the channel of a file is gone")
        return self._ctx.adapters.of(file.channel_id, row)


def media_loop(ctx: Context, watch: Watch) -> Loop:
    """Return the loop that handles files, several at once; without a store they wait."""
    db, settings = ctx.core.db, ctx.settings

    async def handle_all(objects: Objects, transport: Transport, stop: asyncio.Event) -> None:
        fetcher, running = _Fetcher(ctx, objects, transport), set[asyncio.Task[None]]()
        duration = timedelta(seconds=CALLS * settings.media_timeout) + SPARE

        def done(task: "asyncio.Task[None]") -> None:
            running.discard(task)
            watch.bell.set()

        try:
            while not stop.is_set():
                watch.begin()
                free = TOGETHER - len(running)
                for file in await lease(db, free, duration) if free else ():
                    running.add(task := asyncio.create_task(fetcher(file)))
                    task.add_done_callback(done)
                await watch.wait(stop)
        finally:
            await _ended(running)

    async def media(stop: asyncio.Event) -> None:
        """Fetch what is expected, that of messages from before included."""
        if (objects := ctx.objects) is None:
            log.warning("files of messages are not fetched: MEDIA_FOLDER or MEDIA_S3_… says where they are kept")
            await stop.wait()
            return
        await make_up(db, ctx.core.clock.now())
        transport = Transport(Egress(settings.egress_allow), settings.media_timeout, TOGETHER, MOST)
        try:
            await handle_all(objects, transport, stop)
        finally:
            await transport.close()

    return media


async def _ended(running: "set[asyncio.Task[None]]") -> None:
    """Give up what is under way: it is fetched again when its lease is over."""
    tasks = list(running)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
