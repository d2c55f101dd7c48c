"""Playbooks on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.platform.http.language import Language
from libs.common.platform.http.wire import Number, Wire
from services.tasks.playbooks.actions import LIBRARY, VersionView
from services.tasks.playbooks.standing import NameKind

MAX_SOURCE = 200_000  # characters


#: It never changes, so no `If-Match` takes it.
VersionNumber = Annotated[int, Field(description="number of the version")]


class ActivationIn(Wire):
    """The version on which a desk starts new leads."""

    version: Number
    desk: Code


class MissingOut(BaseModel):
    """A name that the desk does not have, where the playbook uses it, and those that look like it."""

    path: str
    kind: NameKind
    name: str
    nearest: tuple[str, ...]


class CheckOut(BaseModel):
    """What a desk lacks for a version of a playbook."""

    code: str
    version: VersionNumber
    desk: str
    missing: tuple[MissingOut, ...]


class ActivationOut(BaseModel):
    """A desk's active version, and what the desk lacks for it."""

    code: str
    desk: str
    version: VersionNumber
    leads_released: Annotated[int, Field(description="leads that waited for this playbook and go on now")]
    missing: tuple[MissingOut, ...]


class VersionOut(BaseModel):
    """A version of a playbook; `desk` absent = shared by all desks.

    `active`: the version that each desk has of this playbook; `active_at`: the desks that have this one.
    """

    code: str
    version: VersionNumber
    title: str
    desk: str | None
    active_at: tuple[str, ...]
    active: dict[str, int]
    created_at: datetime
    created_by: str
    source: str | None = None

    @classmethod
    def of(
        cls,
        view: VersionView,
        language: Language,
        active_at: tuple[str, ...],
        active: Mapping[str, int],
        source: str | None = None,
    ) -> "VersionOut":
        return cls(
            code=view.code,
            version=view.version,
            title=view.title.of(language.value),
            desk=None if view.desk == LIBRARY else view.desk,
            active_at=active_at,
            active=dict(active),
            created_at=view.created_at,
            created_by=view.created_by,
            source=source,
        )


class DiagramOut(BaseModel):
    """A version as a Mermaid flowchart."""

    code: str
    version: VersionNumber
    mermaid: str
