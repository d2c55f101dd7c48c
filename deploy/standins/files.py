"""Files that customers send, as stand-ins give them out: by addresses that end, with failures on demand."""

import asyncio
import base64
import binascii
import time
from collections.abc import Mapping
from itertools import count
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from deploy.standins.faults import Dice, Failure, Mode
from deploy.standins.server import cut

FAILS = "file"  # the `chat_id` of failures on demand of files
LASTS = 300.0  # seconds for which an address holds


class SentFile(NamedTuple):
    """A file of a customer; `sort` is the provider's word for what it is."""

    content: bytes
    sort: str
    mime: str
    name: str = ""


def file_of(given: object) -> SentFile | None:
    """Read a file of a request to a stand-in: `{"content": base64, "sort": …, "mime": …, "name": …}`."""
    if not isinstance(given, Mapping):
        return None
    try:
        content = base64.b64decode(str(given.get("content", "")), validate=True)
    except binascii.Error:
        return None
    return SentFile(content, *(str(given.get(name, "")) for name in ("sort", "mime", "name")))


class Files:
    """The files of one provider. `lasts`: seconds for which an address that is given out now holds."""

    def __init__(self, dice: Dice) -> None:
        self.lasts = LASTS
        self._dice = dice
        self._numbers = count(1479537139650001)  # as long as Meta's
        self._files: dict[str, SentFile] = {}
        self._links: dict[str, tuple[str, float]] = {}

    def keep(self, file: SentFile) -> str:
        """Keep a file and return its id."""
        file_id = str(next(self._numbers))
        self._files[file_id] = file
        return file_id

    def known(self, file_id: str) -> SentFile | None:
        return self._files.get(file_id)

    def link(self, file_id: str) -> str:
        """Return the last part of a new address of a file."""
        link = f"{file_id}-{len(self._links)}"
        self._links[link] = (file_id, time.monotonic() + self.lasts)
        return link

    async def answer(self, request: Request, link: str) -> Response:
        """Give a file out; an address that is unknown or over is not found."""
        match self._dice.failure(FAILS):
            case Failure(Mode.HTTP, status):
                return Response(status_code=int(status))
            case Failure(Mode.LOSE):
                return await cut(request)
            case Failure(Mode.HANG, seconds):
                await asyncio.sleep(float(seconds))
        file_id, until = self._links.get(link, ("", 0.0))
        if file_id not in self._files or time.monotonic() >= until:
            return Response(status_code=404)
        file = self._files[file_id]
        return Response(file.content, media_type=file.mime)
