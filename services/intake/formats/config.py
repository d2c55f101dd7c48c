"""What may differ per source: the configuration of a format, which the format's own model validates."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from libs.common.contracts.shared import OrderStatus
from libs.common.domain.slips import nearest
from services.intake.formats.charsets import Charset
from services.intake.formats.payload import split_path
from services.intake.formats.rules import Mapped
from services.intake.formats.values import status_key

FIELDS = (
    "external_id", "external_number", "status", "name", "first_name", "last_name", "phone", "email", "amount",
    "paid", "currency", "items", "product", "quantity", "price", "positions", "payment_link", "placed_at",
    "said_at",
)  # fmt: skip
_MAX_MAP = 100


class Auth(StrEnum):
    """How a sender proves itself, beyond the secret path, where the format leaves the choice to the source."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    SIGNATURE = "signature"


class SecretKind(StrEnum):
    """The secret that a configuration needs: none, a token, a `whsec_` key, or one that the provider has made."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    SIGNATURE = "signature"
    GIVEN = "given"


class ResponseKind(StrEnum):
    """The answer that a sender needs: our JSON with 202, or the text `ok` with 200."""

    JSON = "json"
    OK = "ok"


def _of_ours(name: str) -> str:
    if name in FIELDS:
        return name
    said = {"alike": ", ".join(nearest(name, FIELDS)) or "–", "known": ", ".join(FIELDS)}
    raise PydanticCustomError(
        "unknown_field", "'{name}' is no field of ours; alike: {alike}; there are: {known}", {"name": name, **said}
    )


OurField = Annotated[str, Field(max_length=100), AfterValidator(_of_ours)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Place = Annotated[str, Field(min_length=1, max_length=200)]
FieldMap = Annotated[
    dict[OurField, Place | Annotated[list[Place], Field(max_length=10)]],
    Field(
        max_length=_MAX_MAP,
        description=f"our field → name or dotted path in the payload, or several; ours: {', '.join(FIELDS)}",
    ),
]
StatusMap = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=100)], OrderStatus],
    Field(max_length=_MAX_MAP, description="a status as the source writes it → ours"),
]


class FormatConfig(BaseModel):
    """The configuration of one source. A model adds `format`, a literal, and its own fields; it holds no secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str

    @property
    def secret(self) -> SecretKind:
        """The kind of secret that the source needs."""
        return SecretKind.TOKEN


class OrderConfig(FormatConfig):
    """What formats of orders have in common. `charset`: of what names none; UTF-8 without it."""

    auth: Auth = Auth.TOKEN
    currency: Currency = "RUB"
    field_map: FieldMap = {}
    status_map: StatusMap = {}
    charset: Charset | None = None

    @property
    def secret(self) -> SecretKind:
        """The kind of secret that the source needs."""
        return SecretKind(self.auth)


class PageConfig(OrderConfig):
    """The configuration of formats whose sender is a script of the client."""

    response: ResponseKind = ResponseKind.JSON


def mapped_of(
    zone: str, currency: str, field_map: Mapping[str, str | list[str]], status_map: Mapping[str, str]
) -> Mapped:
    """Return the map as the formats use it. Raises KeyError or ValueError for an invalid one."""
    return Mapped(
        zone=ZoneInfo(zone),
        currency=currency,
        paths={
            name: tuple(
                path for text in ([places] if isinstance(places, str) else places) for path in split_path(text)
            )
            for name, places in field_map.items()
        },
        statuses={status_key(word): OrderStatus(status) for word, status in status_map.items()},
    )
