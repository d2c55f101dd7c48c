"""Settings of notifications."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

from libs.common.connect.command.store import Policy
from libs.common.connect.webpush import VapidKey
from libs.common.platform.objects import Bucket, Folder, Objects
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
    vapid_key: SecretStr | None = None
    """Key that shows push services who sends (`dozvon keys push`); another one ends all subscriptions. Absent:
    nothing is pushed to browsers."""
    vapid_subject: Annotated[str | None, Field(pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$")] = None
    """Whom push services may write to about our pushes: `mailto:` or `https:`; needed with `VAPID_KEY`."""
    push_hosts: Annotated[str, Field(pattern=r"^[a-z0-9.*,-]*$")] = (
        "fcm.googleapis.com,*.push.services.mozilla.com,*.notify.windows.com,*.push.apple.com"
    )
    """Push services that browsers may name, with commas between; `*.` stands before what names end with."""

    @field_validator("vapid_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            VapidKey.parse(value.get_secret_value())
        return value

    media_folder: Path | None = None
    """Folder for files of messages, shared by API and worker. Without it and a bucket they are not fetched."""
    media_s3_endpoint: Annotated[str | None, Field(pattern=r"^https?://\S+$")] = None
    """S3 API of a bucket for them instead (`https://storage.yandexcloud.net`), as browsers reach it as well."""
    media_s3_bucket: str | None = None
    """Name of that bucket; nothing in it is public."""
    media_s3_region: str = "us-east-1"
    """Region of that bucket."""
    media_s3_key: str | None = None
    """Id of the key that may put, get and delete its objects."""
    media_s3_secret: SecretStr | None = None
    """Secret of that key."""
    media_timeout: Annotated[float, Field(gt=0, le=120)] = 20.0
    """Seconds that one call for a file, or to the bucket, may take."""
    media_link_seconds: Annotated[int, Field(ge=1, le=3600)] = 300
    """Seconds for which the address of a file holds."""

    @model_validator(mode="after")
    def _one_store(self) -> Self:
        parts = (self.media_s3_endpoint, self.media_s3_bucket, self.media_s3_key, self.media_s3_secret)
        if any(parts) and (self.media_folder or not all(parts)):
            raise ValueError("give MEDIA_FOLDER, or all of MEDIA_S3_ENDPOINT, _BUCKET, _KEY and _SECRET")
        return self

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.send_timeout >= self.send_lease:
            raise ValueError("send_timeout must be less than send_lease, or two workers send the same message")
        if (self.vapid_key is None) != (self.vapid_subject is None):
            raise ValueError("vapid_key and vapid_subject are given together, or neither")
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
    def objects(self) -> Objects | None:
        """Return the store of files; None: there is none."""
        if self.media_folder is not None:
            return Folder(self.media_folder)
        given = (self.media_s3_endpoint, self.media_s3_bucket, self.media_s3_key, self.media_s3_secret)
        match given:
            case (str(endpoint), str(name), str(key), SecretStr() as secret):
                from libs.common.platform.objects.s3 import S3  # 5 MB, where there is a bucket

                return S3(Bucket(endpoint, name, self.media_s3_region, key, secret), self.media_timeout)
        return None

    @property
    def standins(self) -> str | None:
        """Return the address of the stand-ins, with its last slash."""
        return None if self.standins_url is None else f"{str(self.standins_url).rstrip('/')}/"

    @property
    def callbacks(self) -> str | None:
        """Return where providers reach us, without its last slash."""
        return None if self.public_url is None else str(self.public_url).rstrip("/")

    def unsubscribe(self, attempt_id: UUID) -> str | None:
        """Return where the reader of an advertisement ends them; None: we are not reached from outside."""
        return None if self.callbacks is None else f"{self.callbacks}/notifications/v1/unsubscribe/{attempt_id.hex}"

    @cached_property
    def vapid(self) -> VapidKey | None:
        """Return the key of pushes; None: there are none."""
        return None if self.vapid_key is None else VapidKey.parse(self.vapid_key.get_secret_value())

    @property
    def push_services(self) -> frozenset[str]:
        """Return the hosts that pushes may go to."""
        return frozenset(filter(None, self.push_hosts.split(",")))

    @cached_property
    def policies(self) -> Mapping[str, Policy]:
        """Return how long attempts are repeated and waited for, by provider."""
        return {code: self._policy(code, adapter.limits) for code, adapter in PROVIDERS.items()}

    def _policy(self, code: str, limits: Limits) -> Policy:
        patience = limits.unknown_after if self.unknown_after is None else timedelta(seconds=self.unknown_after)
        return Policy(code, self.repeat if limits.remembers else timedelta(0), patience, limits.pair_interval)
