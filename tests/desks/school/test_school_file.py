"""The school as a desk file: what its playbook names is there, and every text of it can be filled in."""

from pathlib import Path

import pytest

from libs.common.deskfile.reading import DeskFile, read
from services.assignment.attendance.schemas import AttendancePart
from services.assignment.configuration.schemas import AssignmentPart
from services.assignment.lateness.rules import judge
from services.intake.configuration.schemas import IntakePart
from services.notifications.configuration.schemas import NotificationsPart
from services.notifications.templates.rules import faults_of, placeholders, places_of
from services.tasks.engine.variables import fillable
from services.tasks.playbooks.standing import NameKind, used
from tests.tasks.support import SCHOOL, library

BOOKS = {"school.yaml": (SCHOOL, library("refund"), library("arrival")), "desk.yaml": (SCHOOL, library("refund"))}
EACH_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = ("WAZZUP_KEY", "WAZZUP_CHANNEL", "SMSRU_ID", "SCHOOL_TOKEN", "LANDING_TOKEN", "TEAM_URL", "GETCOURSE_KEY")
ENVIRONMENT = dict.fromkeys(NAMES, "x" * 32)


def file(name: str) -> DeskFile:
    found = read(Path("deploy/demo") / name, ENVIRONMENT)
    assert not found.faults
    return found


def section(desk: DeskFile, name: str) -> dict[str, dict[str, object]]:
    found = desk.document[name]
    assert isinstance(found, dict)
    return found


def part(desk: DeskFile, *sections: str) -> dict[str, object]:
    return {name: desk.document[name] for name in sections if name in desk.document}


@pytest.mark.req("S4.6")
def test_the_file_has_two_shifts_of_which_one_crosses_midnight() -> None:
    people = AssignmentPart.model_validate(part(file("school.yaml"), "pools", "operators", "shifts"))
    shifts = {code: (one.starts, one.ends) for code, one in (people.shifts or {}).items()}
    workers = [set(sum((one.week[day] for day in one.week), ())) for one in (people.shifts or {}).values()]
    assert shifts == {"first": ("12:00", "19:00"), "second": ("19:00", "02:00")}
    assert workers[0].isdisjoint(workers[1])


@pytest.mark.req("S4.6")
def test_a_month_is_planned_from_wishes_for_as_many_as_each_shift_needs() -> None:
    desk = file("school.yaml")
    people = AssignmentPart.model_validate(part(desk, "pools", "operators", "shifts"))
    needed = [{str(day): count for day, count in one.needed.items()} for one in (people.shifts or {}).values()]
    assert needed == [dict.fromkeys(EACH_DAY, 3)] * 2
    sellers = [each for each in (people.operators or {}).values() if "sales" in {seat.code for seat in each.pools}]
    assert len(sellers) >= 6


@pytest.mark.req("S4.6")
@pytest.mark.parametrize(
    ("minutes", "before", "step"),
    [
        (60, 0, "warning"),
        (1, 1, "fine 500"),
        (60, 5, "fine 500"),
        (61, 0, "fine 1000"),
        (None, 0, "fine 1000"),
    ],
)
def test_lateness_costs_what_the_manual_says(minutes: int | None, before: int, step: str) -> None:
    attendance = AttendancePart.model_validate(file("school.yaml").document["attendance"])
    assert attendance.lateness is not None
    found = judge(attendance.lateness.rule(), minutes, before, excused=False).step
    assert found is not None
    assert f"{found.kind} {found.amount or ''}".strip() == step


@pytest.mark.req("S4.6")
def test_the_conversations_that_are_handed_over_are_answers_that_operators_owe() -> None:
    attendance = AttendancePart.model_validate(file("school.yaml").document["attendance"])
    assert attendance.handover is not None
    owed = {code for code, kind in SCHOOL.task_types.items() if "answered" in kind.outcomes}
    supervisors = {code for code in owed if SCHOOL.task_types[code].role == "supervisor"}
    assert set(attendance.handover.conversations) == owed - supervisors


@pytest.mark.req("S4.12")
@pytest.mark.parametrize("name", ["school.yaml", "desk.yaml"])
def test_every_template_of_the_playbook_is_there_and_can_be_filled_in(name: str) -> None:
    desk = file(name)
    templates = NotificationsPart.model_validate(part(desk, "channels", "templates", "sending")).templates or {}
    gaps = {}
    for book, spec in [(each, one) for each in BOOKS[name] for one in each.messages.values()]:
        version = templates[spec.template].wording().version
        for place, text in places_of(version.bodies, version.variants):
            if names := set(placeholders(text)) - set(fillable(book, spec)):
                gaps[spec.code, place] = names
    assert (gaps, [faults_of(each.wording().version) for each in templates.values()]) == ({}, [{}] * len(templates))


@pytest.mark.req("S4.16")
@pytest.mark.parametrize("name", ["school.yaml", "desk.yaml"])
def test_every_pool_of_the_playbook_is_there_and_has_somebody(name: str) -> None:
    desk = file(name)
    pools = {code for book in BOOKS[name] for _, kind, code in used(book) if kind is NameKind.POOL}
    seats = [each["pools"] for each in section(desk, "operators").values()]
    staffed = {pool for some in seats if isinstance(some, list) for pool in some}
    assert pools <= section(desk, "pools").keys() & staffed


def test_its_sources_are_of_its_playbook_and_its_channels() -> None:
    desk = file("school.yaml")
    sources = IntakePart.model_validate(part(desk, "sources")).sources or {}
    channels = {source.channel for source in sources.values()} - {None}
    assert {source.playbook for source in sources.values()} == {"school"}
    assert channels <= section(desk, "channels").keys()
