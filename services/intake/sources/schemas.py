"""Sources on the wire; secrets are shown once, when they are made."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from libs.common.contracts.shared import Language, OrderStatus
from libs.common.domain.code import Code
from libs.common.platform.auth.webhooks import WebhookVerifier
from services.intake.formats.rules import Format
from services.intake.sources.rules import FIELDS, Auth, ResponseKind, is_zone

MAX_BODY = 1_048_576
_MAX_MAP = 100


def _zone(value: str) -> str:
    if not is_zone(value):
        raise ValueError("no such time zone")
    return value


def _field_map(value: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    unknown = sorted(set(value) - set(FIELDS))
    if unknown:
        raise ValueError(f"no such field: {', '.join(unknown)[:200]}")
    return value


Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Prefixes = Annotated[list[Annotated[str, Field(pattern=r"^\d{1,15}$")]], Field(max_length=50)]
Place = Annotated[str, Field(min_length=1, max_length=200)]
FieldMap = Annotated[
    dict[str, Place | Annotated[list[Place], Field(max_length=10)]],
    Field(max_length=_MAX_MAP, description="our field → name or dotted path in the payload"),
    AfterValidator(_field_map),
]
StatusMap = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=100)], OrderStatus],
    Field(max_length=_MAX_MAP, description="a status as the source writes it → ours"),
]
Rate = Annotated[int, Field(ge=1, le=100_000)]
BodyLimit = Annotated[int, Field(ge=1, le=MAX_BODY)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceIn(_Wire):
    """A new source. Without `secret` one is made where the source's kind needs one."""

    desk: Code
    code: Code
    format: Format
    auth: Auth = Auth.TOKEN
    secret: Annotated[SecretStr | None, Field(min_length=16, max_length=200)] = None
    playbook: Code
    zone: Zone
    language: Language = Language.RU
    region: Region = "RU"
    currency: Currency = "RUB"
    test_prefixes: Prefixes = ["972"]
    field_map: FieldMap = {}
    status_map: StatusMap = {}
    rate_per_second: Rate = 100
    body_limit: BodyLimit = 262_144
    response: ResponseKind = ResponseKind.JSON

    @model_validator(mode="after")
    def _secret_fits(self) -> Self:
        if self.secret is not None and self.auth is Auth.SIGNATURE:
            WebhookVerifier([self.secret])
        return self


class SourcePatch(_Wire):
    """The members that may change; absent ones stay."""

    playbook: Code | None = None
    zone: Zone | None = None
    language: Language | None = None
    region: Region | None = None
    currency: Currency | None = None
    test_prefixes: Prefixes | None = None
    field_map: FieldMap | None = None
    status_map: StatusMap | None = None
    rate_per_second: Rate | None = None
    body_limit: BodyLimit | None = None
    response: ResponseKind | None = None
    active: bool | None = None


class Rotation(_Wire):
    """For how many seconds the secrets before the new one still work."""

    grace_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = 86_400


class SecretView(BaseModel):
    """A secret without itself."""

    id: str
    valid_until: datetime | None


class SourceView(BaseModel):
    """A source as an administrator sees it; `hook` is the path to post to."""

    id: UUID
    desk: str
    code: str
    hook: str
    format: Format
    auth: Auth
    secrets: list[SecretView]
    playbook: str
    playbook_active: Annotated[
        bool | None, Field(description="whether the desk has activated it; null: nothing is known of the desk yet")
    ]
    zone: str
    language: Language
    region: str
    currency: str
    test_prefixes: list[str]
    field_map: dict[str, str | list[str]]
    status_map: dict[str, OrderStatus]
    rate_per_second: int
    body_limit: int
    response: ResponseKind
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class SourceWithSecret(SourceView):
    """A source with its newest secret, shown once."""

    secret: str | None
