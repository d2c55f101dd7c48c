"""Desks on the wire."""

from dataclasses import asdict
from datetime import date, datetime, time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, model_validator

from libs.common.contracts.shared import CallingHours, Language, Text
from libs.common.domain.code import Code
from libs.common.domain.workdays import DayKind, Holidays, Hours, OwnDay, known_countries, known_regions
from libs.common.platform.http.wire import Patch, Titles, Wire, WrongValueError
from services.tasks.desks.actions import DeskChange, DeskSpec, DeskView, known_zone
from services.tasks.desks.convert import as_json
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


class DayHours(Wire):
    """Hours of one day, local times."""

    opens: TimeOfDay
    closes: TimeOfDay

    @model_validator(mode="after")
    def _opens_first(self) -> "DayHours":
        if self.opens >= self.closes:
            raise WrongValueError("opens должно быть раньше closes", "opens must be before closes")
        return self


class OwnDayIn(Wire):
    """A day that the desk decides about, before the country; `hours` of a day of work, none: the usual ones."""

    day: date
    kind: DayKind
    hours: Annotated[tuple[DayHours, ...], Field(max_length=4)] = ()

    @model_validator(mode="after")
    def _works(self) -> "OwnDayIn":
        if self.kind is DayKind.OFF and self.hours:
            raise WrongValueError("в выходной нет часов работы", "a day off has no hours")
        return self


class HolidaysIn(Wire):
    """The holidays that the desk keeps: of a country with its transfers, of its region, and days of its own.

    A day off has no working hours; a Saturday that is worked has those of a Friday.
    """

    country: Annotated[str | None, Field(description="ISO 3166-1 alpha-2", examples=["RU"])] = None
    region: Annotated[str | None, Field(description="ISO 3166-2, without the country")] = None
    days: Annotated[tuple[OwnDayIn, ...], Field(max_length=400)] = ()

    @model_validator(mode="after")
    def _known(self) -> "HolidaysIn":
        if self.country is not None and self.country not in known_countries():
            raise WrongValueError("праздники этой страны неизвестны", "the holidays of this country are not known")
        if self.region is not None and (self.country is None or self.region not in known_regions(self.country)):
            raise WrongValueError("такого региона у страны нет", "the country has no such region")
        if len({each.day for each in self.days}) < len(self.days):
            raise WrongValueError("день назван дважды", "a day is named twice")
        return self

    def holidays(self) -> Holidays:
        days = (OwnDay(each.day, each.kind, tuple(_hours(part) for part in each.hours)) for each in self.days)
        return Holidays(self.country, self.region, tuple(days))

    @classmethod
    def of(cls, found: Holidays) -> "HolidaysIn":
        return cls.model_validate(as_json(found) | {"days": [_day(each) for each in found.days]})


def _hours(part: DayHours) -> Hours:
    return time.fromisoformat(part.opens), time.fromisoformat(part.closes)


def _day(own: OwnDay) -> dict[str, object]:
    hours = [{"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"} for opens, closes in own.hours]
    return {"day": own.day, "kind": own.kind, "hours": hours}


class DeskIn(Wire):
    """A desk to create."""

    code: Code
    title: Titles
    zone: Zone
    languages: Languages = (Language.RU, Language.EN)
    calendar: Calendar = ()
    holidays: HolidaysIn = HolidaysIn()

    def spec(self) -> DeskSpec:
        """Return the use case's form."""
        title = Text(ru=self.title.ru, en=self.title.en)
        calendar, holidays = tuple(day.part() for day in self.calendar), self.holidays.holidays()
        return DeskSpec(self.code, title, self.zone, self.languages, calendar, holidays)


class DeskPatch(Patch):
    """A change of a desk; a field left out stays."""

    title: Titles | None = None
    zone: Zone | None = None
    languages: Languages | None = None
    calendar: Calendar | None = None
    holidays: HolidaysIn | None = None

    def change(self) -> DeskChange:
        """Return the use case's form."""
        return DeskChange(
            Text(ru=self.title.ru, en=self.title.en) if self.title else None,
            self.zone,
            self.languages,
            None if self.calendar is None else tuple(day.part() for day in self.calendar),
            None if self.holidays is None else self.holidays.holidays(),
        )


class DeskOut(BaseModel):
    """A desk; `title` is in the caller's language."""

    code: str
    title: str
    titles: Text
    zone: str
    languages: tuple[Language, ...]
    calendar: tuple[CallingHours, ...]
    holidays: HolidaysIn
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
            holidays=HolidaysIn.of(spec.holidays),
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
