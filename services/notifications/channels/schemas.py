"""Channels over the wire; API keys go in and never come out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from libs.common.domain.code import Code


def _header_safe(key: SecretStr) -> SecretStr:
    if not all("!" <= c <= "~" for c in key.get_secret_value()):
        raise ValueError("printable ASCII without spaces")
    return key


ApiKey = Annotated[SecretStr, Field(min_length=1, max_length=500), AfterValidator(_header_safe)]
ProviderChannel = Annotated[str, Field(min_length=1, max_length=200)]
Rate = Annotated[int, Field(ge=1, le=10_000)]


class CreateChannel(BaseModel):
    """A desk's number at a messenger. `hook_key` is the unguessable end of our webhook address, made if absent."""

    model_config = ConfigDict(extra="forbid")

    desk: Code
    code: Code
    kind: Literal["whatsapp"] = "whatsapp"
    provider: Literal["wazzup"] = "wazzup"
    api_key: ApiKey
    provider_channel_id: ProviderChannel
    hook_key: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{16,100}$")] = None
    rate_5s: Rate = 450


class ChangeChannel(BaseModel):
    """What to change; `active: true` also resumes a channel that its provider's errors halted."""

    model_config = ConfigDict(extra="forbid")

    api_key: ApiKey | None = None
    provider_channel_id: ProviderChannel | None = None
    rate_5s: Rate | None = None
    active: bool | None = None


class Channel(BaseModel):
    """A channel. `halted_code`: the provider's reason why nothing is sent until a person looks at it."""

    id: UUID
    desk: str
    code: str
    kind: str
    provider: str
    provider_channel_id: str
    hook_path: str | None
    rate_5s: int
    active: bool
    halted_code: str | None
    halted_at: datetime | None
    version: int
    created_at: datetime
