"""The school's playbook ends a lead only when nobody has work on it any more: money and access least of all."""

from dataclasses import dataclass, field

import pytest

from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    ContactKind,
    Direction,
)
from services.tasks.engine.events import AccessChanged, ContactRecorded, Event
from services.tasks.engine.facts import Access
from tests.tasks.school import give, having, open_types
from tests.tasks.support import SCHOOL, EngineProcess

DONE = AccessStatus.DONE
ANSWERS = frozenset({"answer", "late_answer"})
QUESTIONS = frozenset({"payments_question", "platform_question", "other_question"})


@dataclass(frozen=True)
class Ending:
    """What may end a lead: an outcome of a type's task or an event; it `closes` these types itself."""

    kind: str
    outcome: str = ""
    event: Event | None = None
    closes: frozenset[str] = frozenset()
    fields: dict[str, object] = field(default_factory=dict)

    def happen(self, process: EngineProcess) -> None:
        if self.event is not None:
            process.on(self.event)
        else:
            give(process, self.kind, self.outcome, **self.fields)


WRITTEN = ContactRecorded(kind=ContactKind.MESSAGE, direction=Direction.OUT)
ENDINGS = [
    Ending("answer", "answered", closes=ANSWERS),
    Ending("payments_question", "answered", closes=ANSWERS),
    Ending("answer", "scripted", closes=ANSWERS, fields={"situation": "access_trouble"}),
    Ending("repair", "seen_to"),
    Ending("check_letter", "arrived"),
    Ending("check_payment", "single"),
    Ending("check_payment", "deleted"),
    Ending("answer", "refund_asked"),
    Ending("reset_access", "sent"),
    Ending("close_access", "closed"),
    Ending("answer", event=WRITTEN, closes=ANSWERS | QUESTIONS),
    Ending("reset_access", event=AccessChanged(Access(AccessAction.RESET, DONE))),
    Ending("close_access", event=AccessChanged(Access(AccessAction.CLOSE, DONE))),
]


@pytest.mark.req("S4.9", "S4.10", "S4.17", "S4.20")
@pytest.mark.parametrize("other", sorted(SCHOOL.task_types))
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda one: f"{one.kind}-{one.outcome or 'event'}")
def test_what_is_open_beside_stays_open(ending: Ending, other: str) -> None:
    gone = ending.closes | {ending.kind}
    process = having(*{ending.kind, other})
    ending.happen(process)
    assert (open_types(process), process.state.live) == ({other} - gone, other not in gone)
