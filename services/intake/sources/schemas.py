"""Sources on the wire; secrets are shown once, when they are made."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, JsonValue, SecretStr, model_validator

from libs.common.contracts.shared import Language, OrderStatus, Purpose
from libs.common.domain.code import Code
from libs.common.platform.auth.webhooks import WebhookVerifier
from libs.common.platform.http.wire import Patch, Wire, WrongValueError
from services.intake.formats.config import Auth, ResponseKind, SecretKind
from services.intake.formats.registry import SourceConfig
from services.intake.sources.rules import REPEATS, is_zone
from services.intake.sources.store import COLUMNS

MAX_BODY = 1_048_576
USUAL_GRACE = timedelta(days=1)  # for how long the secrets before a new one still work


def _zone(value: str) -> str:
    if not is_zone(value):
        raise WrongValueError("такого часового пояса нет (IANA)", "not an IANA time zone")
    return value


Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Prefixes = Annotated[list[Annotated[str, Field(pattern=r"^\d{1,15}$")]], Field(max_length=50)]
Rate = Annotated[int, Field(ge=1, le=100_000)]
BodyLimit = Annotated[int, Field(ge=1, le=MAX_BODY)]
RepeatSeconds = Annotated[
    int,
    Field(ge=0, le=86_400, description="for how long the same content without an id is a repeat; 0: never"),
]
Origins = Annotated[
    list[Annotated[str, Field(pattern=r"^(\*|https?://[a-z0-9.-]{1,253}(:\d{1,5})?)$")]],
    Field(max_length=50, description="origins whose pages may read the webhook's answer; `*` is any"),
]
ChannelCode = Annotated[
    Code | None,
    Field(description="a channel's code: who writes there and has no live lead becomes a lead of this source"),
]
ThanksUrl = Annotated[
    str,
    Field(
        pattern=r"^https?://[!#$%&()*+,./0-9:;=?@A-Z\[\]_a-z~-]{3,1990}$",
        description="where the visitor of a plain form is sent: 303, also if it waits in quarantine",
    ),
]
CallLabel = Annotated[
    str,
    Field(min_length=1, max_length=60, pattern=r"\S", description="what a call to its customers says of us"),
]
KeepsBuyers = Annotated[
    bool,
    Field(
        description="a message of who has bought and has no live lead is of the lead they bought by,"
        " and a call where its playbook calls buyers back"
    ),
]
Named = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
Purposes = Annotated[
    tuple[Purpose, ...],
    Field(min_length=1, max_length=len(Purpose)),
    AfterValidator(lambda all_: tuple(sorted(set(all_)))),
]


class SourceConsent(Wire):
    """The text to which who comes by the source consents, by its name and version, and for what."""

    document: Named
    document_version: Named
    purposes: Purposes = tuple(sorted(Purpose))


def lifted(body: object) -> object:
    """Return a body whose configuration stands in `config`; earlier releases took it beside the other members."""
    if not isinstance(body, Mapping) or "config" in body:
        return body
    given = {name: body[name] for name in ("format", *COLUMNS) if name in body}
    rest = {name: value for name, value in body.items() if name not in given}
    return {**rest, "config": given} if given else body


class SourceFields(Wire):
    """What a source is; `config` names its format, its other members are the format's own."""

    config: SourceConfig
    secret: Annotated[SecretStr | None, Field(min_length=16, max_length=200)] = None
    playbook: Code
    partner: Annotated[Code | None, Field(description="a partner's code: its leads are their customers")] = None
    zone: Zone
    language: Language = Language.RU
    region: Region = "RU"
    test_prefixes: Prefixes = ["972"]
    rate_per_second: Rate = 100
    body_limit: BodyLimit = 262_144
    repeat_seconds: RepeatSeconds = REPEATS
    origins: Origins = []
    thanks_url: ThanksUrl | None = None
    channel: ChannelCode = None
    consent: SourceConsent | None = None
    call_label: CallLabel | None = None
    keeps_buyers: KeepsBuyers = False

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, body: object) -> object:
        return lifted(body)

    @model_validator(mode="after")
    def _signs(self) -> Self:
        if self.secret is not None and self.config.secret is SecretKind.SIGNATURE:
            WebhookVerifier([self.secret])
        return self


class SourceIn(SourceFields):
    """A new source. Without `secret` one is made where the format needs one that we may choose."""

    desk: Code
    code: Code

    @model_validator(mode="after")
    def _secret_is_given(self) -> Self:
        if self.secret is None and self.config.secret is SecretKind.GIVEN:
            raise WrongValueError(
                "secret: нужен тот, что дал сервис", "secret: the one that the provider has given"
            )
        return self


class SourcePatch(Patch):
    """The members that may change; absent ones stay, also of `config`.

    `null` takes away partner, thanks, channel, consent and label.
    """

    takes_away = frozenset({"partner", "thanks_url", "channel", "consent", "call_label"})

    playbook: Code | None = None
    partner: Code | None = None
    zone: Zone | None = None
    language: Language | None = None
    region: Region | None = None
    config: dict[str, JsonValue] | None = None
    test_prefixes: Prefixes | None = None
    rate_per_second: Rate | None = None
    body_limit: BodyLimit | None = None
    repeat_seconds: RepeatSeconds | None = None
    origins: Origins | None = None
    thanks_url: ThanksUrl | None = None
    channel: ChannelCode = None
    consent: SourceConsent | None = None
    call_label: CallLabel | None = None
    keeps_buyers: KeepsBuyers | None = None
    active: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, body: object) -> object:
        return lifted(body)


class Rotation(Wire):
    """For how many seconds the secrets before the new one still work; `secret` where the provider makes it."""

    grace_seconds: Annotated[int, Field(ge=0, le=30 * 86_400)] = int(USUAL_GRACE.total_seconds())
    secret: Annotated[SecretStr | None, Field(min_length=16, max_length=200)] = None


class SecretView(BaseModel):
    """A secret without itself."""

    id: str
    valid_until: datetime | None


#: A member that stood beside the others before there was `config`, for clients of that time.
BEFORE = Field(description="as in `config`, where the format has it", json_schema_extra={"deprecated": True})


class SourceView(BaseModel):
    """A source as an administrator sees it; `hook` is the path to post to."""

    id: UUID
    desk: str
    code: str
    hook: str
    format: str
    config: SourceConfig
    auth: Annotated[Auth, BEFORE]
    currency: Annotated[str, BEFORE]
    field_map: Annotated[dict[str, str | list[str]], BEFORE]
    status_map: Annotated[dict[str, OrderStatus], BEFORE]
    response: Annotated[ResponseKind, BEFORE]
    secrets: list[SecretView]
    playbook: str
    playbook_active: Annotated[
        bool | None, Field(description="whether the desk has activated it; null: nothing is known of the desk yet")
    ]
    partner: str | None
    zone: str
    language: Language
    region: str
    test_prefixes: list[str]
    rate_per_second: int
    body_limit: int
    repeat_seconds: int
    origins: list[str]
    thanks_url: str | None
    channel: ChannelCode
    consent: SourceConsent | None
    call_label: str | None
    keeps_buyers: bool
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class SourceWithSecret(SourceView):
    """A source with its newest secret, shown once."""

    secret: str | None
