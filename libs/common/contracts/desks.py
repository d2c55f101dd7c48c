"""Events that tasks owns of desks and their playbooks. The key is `desk:<code>`."""

from datetime import date
from typing import ClassVar

from libs.common.contracts.shared import CallingHours, Language, Part, Stage, Text
from libs.common.contracts.tasks import TasksEvent
from libs.common.domain.workdays import DayKind


class DeskDay(Part):
    """A day that a desk has decided about: `off`, or `work`, on any weekday."""

    day: date
    kind: DayKind


class DeskHolidays(Part):
    """The holidays that a desk keeps: of a country (ISO 3166-1) and its region, and its own days before them."""

    country: str | None = None
    region: str | None = None
    days: tuple[DeskDay, ...] = ()


class DeskChanged(TasksEvent):
    """A desk was made or changed. Key `desk:<code>`. `holidays`: None of a release before this one."""

    event_type: ClassVar[str] = "dozvon.desk.changed.v1"

    code: str
    title: Text
    zone: str
    languages: tuple[Language, ...]
    calendar: tuple[CallingHours, ...]
    holidays: DeskHolidays | None = None


class PlaybookActivated(TasksEvent):
    """New leads of a desk start on this version. Key `desk:<code>`. V2 says more."""

    event_type: ClassVar[str] = "dozvon.playbook.activated.v1"

    code: str
    version: int
    actor: str


class FirstStatus(Part):
    """The status that stands first in a playbook, with its canonical stage."""

    code: str
    title: Text
    stage: Stage


class PlaybookActivatedV2(TasksEvent):
    """New leads of a desk start on this version. Key `desk:<code>`.

    A type of its own beside V1: readers of an earlier release skip V1, and would also skip the publication of
    playbooks that were active before the upgrade. `pools` are those of the task types. `returns_calls`: a missed
    call of a won lead certainly has a task, by whose outcomes the lead stays won.
    """

    event_type: ClassVar[str] = "dozvon.playbook.activated.v2"

    desk: str
    code: str
    version: int
    actor: str
    first_status: FirstStatus | None
    pools: tuple[str, ...]
    lanes: tuple[str, ...]
    returns_calls: bool = False


EVENTS = (DeskChanged, PlaybookActivated, PlaybookActivatedV2)
