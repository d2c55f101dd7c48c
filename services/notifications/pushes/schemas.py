"""Subscriptions over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, Strict

from libs.common.platform.http.language import Language
from libs.common.platform.http.wire import Wire

_KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
_AUTH = "BTBZMqHH6r4Tts7J_aSIgg"

Base64Url = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+={0,2}$")]
Endpoint = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1024,
        pattern=r"^https?://[!-~]+$",
        examples=["https://fcm.googleapis.com/fcm/send/c1KrmpTuRm8"],
    ),
]


class BrowserKeys(Wire):
    """What a push is encrypted with, for this browser alone."""

    p256dh: Annotated[Base64Url, Field(examples=[_KEY])]
    auth: Annotated[Base64Url, Field(examples=[_AUTH])]


class SubscribeToPushes(Wire):
    """A subscription as the browser gives it: the JSON of its `PushSubscription`."""

    endpoint: Endpoint
    expirationTime: Annotated[float, Strict()] | None = None  # noqa: N815 - the browser's own name
    keys: BrowserKeys


class PushSubscription(BaseModel):
    """A browser that the caller's new tasks are pushed to, in `language`.

    `halted_code`: its push service takes nothing for it, as after a change of our key, until it subscribes anew.
    """

    id: UUID
    endpoint: str
    language: Language
    halted_code: str | None
    created_at: datetime
    changed_at: datetime


class PushSubscriptions(BaseModel):
    """The caller's browsers, the oldest first; more than ten are not kept."""

    items: list[PushSubscription]


class PushKey(BaseModel):
    """What browsers subscribe with (`applicationServerKey`)."""

    public_key: str
