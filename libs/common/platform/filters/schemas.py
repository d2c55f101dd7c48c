"""Saved filters on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Name, Patch, Wire

Values = Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(min_length=1, max_length=200)]
Query = Annotated[dict[Annotated[str, Field(pattern="^[a-z_]{1,64}$")], Values], Field(max_length=50)]


class FilterIn(Wire):
    """A filter to save: the list by its operation id, and the values of its query parameters.

    `shared`: all of the desk see it; supervisors and administrators share.
    """

    desk: Code
    list: Annotated[str, Field(max_length=64, description="operation id of the list, such as `list_tasks`")]
    name: Name
    query: Query
    shared: bool = False


class FilterPatch(Patch):
    """A change of a filter; a field left out stays."""

    name: Name | None = None
    query: Query | None = None
    shared: bool | None = None


class FilterOut(BaseModel):
    """A saved filter; `mine`: the caller's own."""

    id: UUID
    desk: str
    list: str
    name: str
    query: dict[str, tuple[str, ...]]
    shared: bool
    owner: str
    mine: bool
    version: int
    created_at: datetime
    changed_at: datetime
