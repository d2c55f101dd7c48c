"""Templates over the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.contracts.shared import Language
from libs.common.domain.code import Code


class ProposeTemplate(BaseModel):
    """A new template, or new texts for one that exists; placeholders look like `{name}`."""

    model_config = ConfigDict(extra="forbid")

    desk: Code
    code: Code
    bodies: Annotated[dict[Language, str], Field(min_length=1)]


class TemplateVersion(BaseModel):
    """One version of a template; messages use the newest approved one."""

    id: UUID
    desk: str
    code: str
    version: int
    state: Literal["proposed", "approved"]
    bodies: dict[Language, str]
    placeholders: list[str]
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
