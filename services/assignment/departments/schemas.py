"""Departments on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Patch
from services.assignment.departments.actions import DepartmentChange, NewDepartment
from services.assignment.wire import Titles, Wire

HeadId = Annotated[UUID | None, Field(description="the operator who heads it")]


class DepartmentIn(Wire):
    """A department to create; its code is unique in the desk."""

    desk: Code
    code: Code
    title: Titles
    head_id: HeadId = None

    def command(self) -> NewDepartment:
        return NewDepartment(self.desk, self.code, self.title.model_dump(), self.head_id)


class DepartmentPatch(Patch):
    """A change of a department; a field left out stays, and a `head_id` of null leaves it without a head."""

    takes_away: ClassVar[frozenset[str]] = frozenset({"head_id"})

    title: Titles | None = None
    head_id: HeadId = None
    active: Annotated[bool | None, Field(description="false: retire it; its operators are in none then")] = None

    def command(self) -> DepartmentChange:
        title = self.title.model_dump() if self.title else None
        return DepartmentChange(title, self.head_id, "head_id" in self.model_fields_set, self.active)


class DepartmentView(BaseModel):
    """A department; `title` is in the caller's language."""

    id: UUID
    desk: str
    code: str
    title: str
    titles: dict[str, str]
    head_id: UUID | None
    head_name: str | None
    operators: Annotated[int, Field(description="how many belong to it")]
    active: bool
    version: int
    created_at: datetime
