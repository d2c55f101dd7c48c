"""Free tasks on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Moment, Wire
from services.tasks.free.rules import Asked

DEFAULT_ROLE = "operator"


class AssigneeIn(Wire):
    """Who is to do it: one operator, or those of a role in a pool."""

    operator_id: UUID | None = None
    pool: Code | None = None
    role: Code | None = None

    @model_validator(mode="after")
    def _one(self) -> "AssigneeIn":
        if (self.operator_id is None) == (self.pool is None) or (self.role is not None and self.pool is None):
            raise PydanticCustomError("one_assignee", "name an operator_id, or a pool and its role")
        return self


class LinksIn(Wire):
    """What the task is about: a lead, by its id or the number of its order; and a document."""

    lead_id: UUID | None = None
    order_number: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    document: Annotated[str | None, Field(min_length=1, max_length=200)] = None

    @model_validator(mode="after")
    def _one_lead(self) -> "LinksIn":
        if self.lead_id is not None and self.order_number is not None:
            raise PydanticCustomError("one_lead", "name the lead or its order, not both")
        return self


class FreeTaskIn(Wire):
    """A task that a person makes by hand (S3.14). The title names the aim of the next step (S2.11)."""

    desk: Code
    title: Annotated[str, Field(max_length=200)]
    text: Annotated[str | None, Field(max_length=4000)] = None
    due_at: Moment
    assignee: AssigneeIn
    links: LinksIn = LinksIn()
    important: bool = False

    def asked(self) -> Asked:
        return Asked(
            desk=self.desk,
            title=self.title.strip(),
            text=self.text,
            due_at=self.due_at,
            operator_id=self.assignee.operator_id,
            role=(self.assignee.role or DEFAULT_ROLE) if self.assignee.pool else None,
            pool=self.assignee.pool,
            lead_id=self.links.lead_id,
            order_number=self.links.order_number,
            document=self.links.document,
            important=self.important,
        )
