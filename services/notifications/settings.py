"""Settings of notifications."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, HttpUrl, model_validator

from libs.common.platform.settings import ServiceSettings

PROVIDER_REMEMBERS = 60  # seconds for which Wazzup recognises a repeated key


class NotificationsSettings(ServiceSettings, env_prefix="NOTIFICATIONS_"):
    """Frozen; the defaults fit Wazzup24 API v3."""

    wazzup_url: HttpUrl = HttpUrl("https://api.wazzup24.com/v3/")
    """Base URL of Wazzup's API."""
    public_url: HttpUrl | None = None
    """Where providers reach us from outside; needed to subscribe to their webhooks."""
    send_timeout: Annotated[float, Field(gt=0, le=20)] = 5.0
    """Seconds that one call to a provider may take."""
    send_lease: Annotated[float, Field(gt=0, le=30)] = 8.0
    """Seconds after which another worker takes over an attempt; more than the time-out."""
    repeat_window: Annotated[float, Field(gt=0, le=50)] = 45.0
    """Seconds in which an unanswered call is repeated with its key: less than the 60 that Wazzup remembers it."""
    unknown_after: Annotated[float, Field(gt=0)] = 600.0
    """Seconds to wait for a callback before a message without an answer ends as unknown."""
    send_concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    """Calls at the same time per channel and worker, at most: fewer while answers stay out."""
    callback_batch: Annotated[int, Field(ge=1, le=5000)] = 500
    """Callbacks applied in one transaction."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.send_timeout >= self.send_lease:
            raise ValueError("send_timeout must be less than send_lease, or two workers send the same message")
        if self.repeat_window + self.send_lease >= PROVIDER_REMEMBERS:
            raise ValueError(
                f"repeat_window and send_lease together must be less than {PROVIDER_REMEMBERS} s:"
                " later the provider takes a repeat for a new message"
            )
        return self

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.send_lease)

    @property
    def repeat(self) -> timedelta:
        """Return how long a call may be repeated with the same key."""
        return timedelta(seconds=self.repeat_window)

    @property
    def callback_timeout(self) -> timedelta:
        """Return how long an attempt waits for its callback, counted from its first try."""
        return timedelta(seconds=self.unknown_after)
