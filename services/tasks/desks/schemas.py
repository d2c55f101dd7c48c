"""Desks on the wire."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from libs.common.contracts.shared import CallingHours, Language, Text
from libs.common.domain.code import Code
from libs.common.platform.http.wire import Patch, Titles, Wire, WrongValueError
from services.tasks.desks.actions import DeskChange, DeskSpec, DeskView, known_zone
from services.tasks.desks.readiness import PlaybookReadiness, Readiness


def _zone(name: str) -> str:
    if not known_zone(name):
        raise WrongValueError("такого часового пояса нет (IANA)", "not an IANA time zone")
    return name


def _distinct(languages: tuple[Language, ...]) -> tuple[Language, ...]:
    return tuple(dict.fromkeys(languages))


TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="HH:MM")]
Zone = Annotated[str, Field(max_length=64, description="IANA name"), AfterValidator(_zone)]
Languages = Annotated[
    tuple[Language, ...], Field(min_length=1, description="the first is the desk's own"), AfterValidator(_distinct)
]


class HoursIn(Wire):
    """Working hours of one weekday (ISO 1 to 7), local times."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def _opens_first(self) -> "HoursIn":
        if self.opens >= self.closes:
            raise WrongValueError("opens должно быть раньше closes", "opens must be before closes")
        return self

    def part(self) -> CallingHours:
        return CallingHours(weekday=self.weekday, opens=self.opens, closes=self.closes)


Calendar = Annotated[tuple[HoursIn, ...], Field(max_length=28, description="none: open round the clock")]


class DeskIn(Wire):
    """A desk to create."""

    code: Code
    title: Titles
    zone: Zone
    languages: Languages = (Language.RU, Language.EN)
    calendar: Calendar = ()

    def spec(self) -> DeskSpec:
        """Return the use case's form."""
        title = Text(ru=self.title.ru, en=self.title.en)
        return DeskSpec(self.code, title, self.zone, self.languages, tuple(day.part() for day in self.calendar))


class DeskPatch(Patch):
    """A change of a desk; a field left out stays."""

    title: Titles | None = None
    zone: Zone | None = None
    languages: Languages | None = None
    calendar: Calendar | None = None

    def change(self) -> DeskChange:
        """Return the use case's form."""
        return DeskChange(
            Text(ru=self.title.ru, en=self.title.en) if self.title else None,
            self.zone,
            self.languages,
            None if self.calendar is None else tuple(day.part() for day in self.calendar),
        )


class DeskOut(BaseModel):
    """A desk; `title` is in the caller's language."""

    code: str
    title: str
    titles: Text
    zone: str
    languages: tuple[Language, ...]
    calendar: tuple[CallingHours, ...]
    version: int
    created_at: datetime

    @classmethod
    def of(cls, view: DeskView, language: Language) -> "DeskOut":
        spec = view.spec
        return cls(
            code=spec.code,
            title=spec.title.en if language is Language.EN else spec.title.ru,
            titles=spec.title,
            zone=spec.zone,
            languages=spec.languages,
            calendar=spec.calendar,
            version=view.version,
            created_at=view.created_at,
        )


class PlaybookReadinessOut(BaseModel):
    """A playbook that is active on the desk or that leads wait for."""

    code: str
    exists: Annotated[bool, Field(description="there is a version that the desk may activate")]
    active_version: int | None
    waiting_leads: int
    oldest_received_at: datetime | None

    @classmethod
    def of(cls, found: PlaybookReadiness) -> "PlaybookReadinessOut":
        return cls(**asdict(found))


class ReadinessOut(BaseModel):
    """A desk and the playbooks that its leads need."""

    desk: str
    exists: bool
    playbooks: tuple[PlaybookReadinessOut, ...]

    @classmethod
    def of(cls, found: Readiness) -> "ReadinessOut":
        playbooks = tuple(PlaybookReadinessOut.of(playbook) for playbook in found.playbooks)
        return cls(desk=found.desk, exists=found.exists, playbooks=playbooks)
