"""A desk's configuration at tasks, on the wire."""

from typing import Annotated

from pydantic import BaseModel, Field

from libs.common.contracts.shared import Language
from libs.common.domain.code import Code
from libs.common.platform.configuration import Configuration, Configured
from libs.common.platform.http.wire import Titles, Wire
from services.tasks.desks.actions import DeskSpec, DeskView
from services.tasks.desks.schemas import Calendar, DeskIn, HolidaysIn, HoursIn, Languages, Zone
from services.tasks.erasures.schemas import TasksRetention
from services.tasks.playbooks.schemas import MAX_SOURCE
from services.tasks.playbooks.standing import NameKind


class PlaybookPart(Wire):
    """The text of the version that the desk's new leads start on."""

    source: Annotated[str, Field(max_length=MAX_SOURCE)]


Playbooks = Annotated[
    dict[Code, PlaybookPart] | None,
    Field(description="by their codes; null: as they are; one that is not named stays active"),
]


class TasksPart(Wire):
    """A desk, and the playbooks that are active there."""

    title: Titles
    zone: Zone
    languages: Languages = (Language.RU, Language.EN)
    calendar: Calendar = ()
    holidays: HolidaysIn = HolidaysIn()
    playbooks: Playbooks = None
    retention: TasksRetention | None = None

    @classmethod
    def of(cls, view: DeskView, sources: dict[str, str], retention: TasksRetention) -> "TasksPart":
        """Return what a desk has."""
        spec = view.spec
        return cls(
            title=Titles(ru=spec.title.ru, en=spec.title.en),
            zone=spec.zone,
            languages=spec.languages,
            calendar=tuple(HoursIn(**hours.model_dump()) for hours in spec.calendar),
            holidays=HolidaysIn.of(spec.holidays),
            playbooks={code: PlaybookPart(source=source) for code, source in sources.items()},
            retention=retention,
        )

    def spec(self, code: str) -> DeskSpec:
        """Return the use case's form."""
        members = {name: getattr(self, name) for name in ("title", "zone", "languages", "calendar", "holidays")}
        return DeskIn(code=code, **members).spec()


class UsedName(BaseModel):
    """A name that a playbook of the document leaves to the desk's pools, roles or templates, and where.

    `fills`: the placeholders that the template may have, of a template.
    """

    playbook: str
    path: str
    kind: NameKind
    name: str
    fills: tuple[str, ...] = ()


class TasksConfigured(Configured[TasksPart]):
    """What applying the document changes, and the names that its playbooks use."""

    uses: tuple[UsedName, ...]


class TasksConfiguration(Configuration[TasksPart]):
    """What the desk has at tasks, as a document that can be applied again."""
