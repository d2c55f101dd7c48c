"""Files of messages over the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.notifications.media.rules import FileKind, FileState


class MessageFile(BaseModel):
    """A file of a received message: what the customer sent, or what was sent to them in the provider's own app.

    It is fetched within a minute, mostly: `url` says where it is had from once its `state` is `stored`. `name` is
    as its sender has named it, `type` and `size` (bytes) are of what was fetched. `code`: why it is not had, so far
    (`waiting`) or for good (`refused`): `too_large`, what the provider answered (`http_404`), `unreachable`, ….
    """

    id: UUID
    kind: FileKind
    state: FileState
    name: str | None
    type: str | None
    size: int | None
    code: str | None
    url: Annotated[str | None, Field(examples=["/notifications/v1/media/0190b6d0-0000-7000-8000-0000bf396750"])]
