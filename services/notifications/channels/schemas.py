"""Channels over the wire; secrets go in and never come out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, model_validator

from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Role
from libs.common.platform.http.wire import Patch, Wire, WrongValueError
from services.notifications.providers.registry import DEFAULT, PROVIDERS, ChannelConfig
from services.notifications.providers.values import ChannelKind

Rate = Annotated[int, Field(ge=1, le=10_000)]
StopWord = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\w")]
StopWords = Annotated[list[StopWord], Field(max_length=100)]
WritingRoles = list[Literal[Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN]]


def lifted(body: object, known: frozenset[str], **defaults: str) -> object:
    """Return a body whose configuration stands in `config`; earlier releases took it beside the other members."""
    if not isinstance(body, Mapping) or "config" in body:
        return body
    given = {name: value for name, value in body.items() if name not in known}
    if not given:
        return body
    return {**{name: body[name] for name in known & body.keys()}, "config": {**defaults, **given}}


class CreateChannel(Wire):
    """A desk's channel at a provider, which `config` names; its other members are the provider's own.

    `hook_key` is the unguessable end of our webhook address, made if absent; `rate_5s` is the provider's usual one.
    `stop_words`: by which a customer wants no advertisements, if they say nothing else; null for the usual ones.
    `free_text_roles`: who may answer in free text, others by templates alone; null for all who may answer.
    """

    desk: Code
    code: Code
    kind: ChannelKind | None = None
    config: ChannelConfig
    hook_key: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{16,100}$")] = None
    rate_5s: Rate | None = None
    stop_words: StopWords | None = None
    free_text_roles: WritingRoles | None = None

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, body: object) -> object:
        return lifted(body, frozenset(cls.model_fields), provider=DEFAULT)

    @model_validator(mode="after")
    def _served(self) -> Self:
        if self.kind is not None and self.kind not in PROVIDERS[self.config.provider].kinds(self.config):
            raise WrongValueError(
                f"{self.config.provider} не обслуживает каналы этого вида",
                f"{self.config.provider} serves no channel of this kind",
            )
        return self


class ChangeChannel(Patch):
    """What to change: absent members of the configuration stay; `active: true` also resumes after a halt."""

    config: dict[str, JsonValue] | None = None
    takes_away: ClassVar[frozenset[str]] = frozenset({"stop_words", "free_text_roles"})

    rate_5s: Rate | None = None
    stop_words: StopWords | None = None
    free_text_roles: WritingRoles | None = None
    active: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _lift(cls, body: object) -> object:
        return lifted(body, frozenset(cls.model_fields))


class Channel(BaseModel):
    """A channel. `halted_code`: the provider's reason why nothing is sent until a person looks at it.

    `hook_path`: where the provider posts callbacks, for administrators; null where it has none.
    """

    id: UUID
    desk: str
    code: str
    kind: ChannelKind
    provider: str
    config: dict[str, JsonValue]
    provider_channel_id: str
    hook_path: str | None
    rate_5s: int
    stop_words: list[str] | None
    free_text_roles: list[Role] | None
    active: bool
    halted_code: str | None
    halted_at: datetime | None
    version: int
    created_at: datetime
