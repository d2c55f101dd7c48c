"""Templates over the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.contracts.shared import Language
from libs.common.domain.code import Code
from libs.common.domain.placeholders import PlaceholderType
from libs.common.platform.http.wire import Wire
from services.notifications.providers.values import ChannelKind
from services.notifications.templates.convert import Wording

Types = Annotated[dict[Code, PlaceholderType], Field(max_length=100)]
Bodies = Annotated[dict[Language, str], Field(min_length=1)]


class Button(Wire):
    """A button of a registered template; placeholders in its payload are filled."""

    kind: Literal["quick_reply", "url"]
    payload: str


class Registered(Wire):
    """A template that the messenger has approved under its own name, for when it allows no free text.

    `languages`: the messenger's name of each language, `ru` → `ru_RU`. `parameters`: the values of its
    placeholders in order, with placeholders of ours. `marketing`: it is not for customers who want no
    advertisements.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,512}$")]
    languages: Annotated[dict[Language, Annotated[str, Field(pattern=r"^[A-Za-z_]{2,16}$")]], Field(min_length=1)]
    parameters: list[str] = []
    buttons: Annotated[list[Button], Field(max_length=10)] = []
    marketing: bool = False


class Variant(Wire):
    """What differs for one kind of channel: shorter texts for SMS, a registered template for a messenger.

    `marketing`: the template is an advertisement, by any channel. A mail's text begins with its subject, if an
    empty line follows that.
    """

    bodies: Bodies | None = None
    registered: Registered | None = None
    marketing: bool = False


class TemplateTexts(Wire):
    """What a template says; placeholders look like `{name}`.

    `situation`: the customer's, for which it is. `types`: what a placeholder must be filled with; a message with a
    value of another type is not sent (S4.12).
    """

    bodies: Bodies
    variants: dict[ChannelKind, Variant] = {}
    situation: Code | None = None
    types: Types = {}

    def wording(self) -> Wording:
        """Return it as it is stored."""
        bodies = {str(language): text for language, text in self.bodies.items()}
        variants = {
            str(kind): one.model_dump(mode="json", exclude_none=True) for kind, one in self.variants.items()
        }
        return Wording(bodies, variants, {name: str(kind) for name, kind in self.types.items()}, self.situation)


class ProposeTemplate(TemplateTexts):
    """A new template, or new texts for one that exists."""

    desk: Code
    code: Code


class TryTemplate(Wire):
    """Values to try a template with, such as those of a lead (`GET /tasks/v1/leads/{lead_id}/message-values`)."""

    values: Annotated[dict[Code, Annotated[str, Field(max_length=1000)]], Field(max_length=100)] = {}


class TriedText(BaseModel):
    """A text as customers would read it; null if values are missing, or not of their placeholder's type."""

    channel: ChannelKind | None
    language: Language
    filled: str | None
    unfilled: list[str]
    mistyped: list[str]
    segments: int | None


class TriedTemplate(BaseModel):
    """What a version of a template says with some values."""

    texts: list[TriedText]


class Registration(BaseModel):
    """What a provider says of a registered template; one that is not `usable` is not sent."""

    channel_id: UUID
    name: str
    language: str
    state: str
    usable: bool
    reason: str
    at: datetime


class TemplateState(StrEnum):
    """What a version is: to be approved, approved, or out of use with its template."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RETIRED = "retired"


class TemplateVersion(BaseModel):
    """One version of a template; messages use the newest approved one."""

    id: UUID
    desk: str
    code: str
    version: int
    state: TemplateState
    bodies: dict[Language, str]
    variants: dict[ChannelKind, Variant]
    registrations: list[Registration]
    placeholders: list[str]
    situation: str | None
    types: dict[str, PlaceholderType]
    proposed_by: str
    proposed_at: datetime
    department: str | None
    approved_by: str | None
    approved_at: datetime | None
    retired_by: str | None
    retired_at: datetime | None


class TemplateView(BaseModel):
    """A desk's template: its newest version, and the one that messages use, if there is one."""

    desk: str
    code: str
    newest: TemplateVersion
    approved: TemplateVersion | None
