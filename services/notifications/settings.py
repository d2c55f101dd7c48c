"""Settings of notifications."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, HttpUrl, model_validator

from libs.common.connect.command.store import Policy
from libs.common.platform.settings import ServiceSettings
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Limits


class NotificationsSettings(ServiceSettings, env_prefix="NOTIFICATIONS_"):
    """Frozen; what providers allow is said by their adapters."""

    standins_url: HttpUrl | None = None
    """Where stand-ins play the providers, each under its code; absent in production."""
    public_url: HttpUrl | None = None
    """Where providers reach us from outside; needed for their callbacks."""
    send_timeout: Annotated[float, Field(gt=0, le=20)] = 5.0
    """Seconds that one call to a provider may take."""
    send_lease: Annotated[float, Field(gt=0, le=30)] = 8.0
    """Seconds after which another worker takes over an attempt; more than the time-out."""
    repeat_window: Annotated[float, Field(gt=0, le=50)] = 45.0
    """Seconds in which an unanswered call is repeated with its key, at a provider that recognises it for longer."""
    unknown_after: Annotated[float | None, Field(gt=0)] = None
    """Seconds until a message without answer and report ends as unknown; absent: as its provider needs."""
    send_concurrency: Annotated[int, Field(ge=1, le=256)] = 16
    """Calls at the same time per channel and worker, at most: fewer while answers stay out."""
    callback_batch: Annotated[int, Field(ge=1, le=5000)] = 500
    """Callbacks applied in one transaction."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.send_timeout >= self.send_lease:
            raise ValueError("send_timeout must be less than send_lease, or two workers send the same message")
        for code, adapter in PROVIDERS.items():
            memory = adapter.limits.remembers
            if memory is not None and self.repeat + self.lease >= memory:
                raise ValueError(
                    f"repeat_window and send_lease together must be less than {memory.total_seconds():.0f} s:"
                    f" later {code} takes a repeat for a new message"
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
    def standins(self) -> str | None:
        """Return the address of the stand-ins, with its last slash."""
        return None if self.standins_url is None else f"{str(self.standins_url).rstrip('/')}/"

    @property
    def callbacks(self) -> str | None:
        """Return where providers reach us, without its last slash."""
        return None if self.public_url is None else str(self.public_url).rstrip("/")

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Return how long attempts are repeated and waited for, by provider."""
        return {code: self._policy(code, adapter.limits) for code, adapter in PROVIDERS.items()}

    def _policy(self, code: str, limits: Limits) -> Policy:
        patience = limits.unknown_after if self.unknown_after is None else timedelta(seconds=self.unknown_after)
        return Policy(code, self.repeat if limits.remembers else timedelta(0), patience)
