"""Processes about anything, of which little may be known: stored and read back, decided and published."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from operator import attrgetter
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import AppointmentParty, AppointmentStep, IdentityKind, SubjectKind
from services.tasks.engine.facts import Appointment, Customer, Facts, Order, Subject
from services.tasks.engine.moments import moment_at
from services.tasks.engine.variables import variables
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Anchor, Moment
from services.tasks.processes.publish import published
from services.tasks.processes.store import NEW_PROCESS, Origin, ProcessRow, read_facts
from tests.tasks.story import Story
from tests.tasks.support import CALLBACK, FREE, SCHOOL, START, blank
from tests.tasks.test_engine_properties import CHECKS

WORDS = st.text("абв xyz,-", max_size=12)
MAYBE = st.none() | WORDS
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - of UTC
IDENTITIES = st.tuples(st.sampled_from([kind.value for kind in IdentityKind]), WORDS)
CUSTOMERS = st.builds(Customer, MAYBE, MAYBE, MAYBE, MAYBE, st.lists(IDENTITIES, max_size=2).map(tuple)) | st.just(
    Customer()
)
ORDERS = st.builds(
    Order,
    st.uuids(),
    WORDS,
    st.sampled_from(["new", "paid", "false"]),
    MAYBE,
    st.none() | st.decimals(0, 10**9, places=2),
    st.sampled_from([None, "RUB"]),
    MAYBE,
    st.lists(WORDS, max_size=2).map(tuple),
    st.lists(WORDS, max_size=2).map(tuple),
)
APPOINTMENTS = st.builds(
    Appointment,
    st.uuids(),
    st.integers(1, 9),
    st.sampled_from(AppointmentStep),
    MOMENTS,
    st.none() | st.sampled_from(AppointmentParty),
    st.none() | st.booleans(),
)
FACTS = st.builds(
    Facts,
    subject=st.builds(Subject, st.sampled_from(SubjectKind), st.uuids()),
    language=st.sampled_from(["ru", "en", "kk"]),
    zone=st.sampled_from(["Europe/Moscow", "Asia/Kamchatka", "UTC"]),
    received_at=MOMENTS,
    customer_id=st.none() | st.uuids(),
    source_id=st.none() | st.uuids(),
    source=MAYBE,
    external_id=MAYBE,
    order=st.none() | ORDERS,
    signals=st.lists(st.sampled_from(["test_number", "false_number"]), max_size=2).map(tuple),
    customer=CUSTOMERS,
    counted_from=st.none() | MOMENTS,
    partner_id=st.none() | st.uuids(),
    appointment=st.none() | APPOINTMENTS,
    asked_at=st.none() | MOMENTS,
)


def as_stored(row: ProcessRow) -> Mapping[str, object]:
    """Return a process as the database gives it back: JSON columns have been text."""
    kinds = {name: kind for name, kind, _ in NEW_PROCESS.columns}
    values = {name: read(row) for name, _, read in NEW_PROCESS.columns}
    return {
        name: json.loads(json.dumps(value, default=_text)) if kinds[name] == "jsonb" else value
        for name, value in values.items()
    }


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@given(FACTS, st.booleans())
def test_facts_come_back_as_they_were_stored(facts: Facts, main: bool) -> None:
    state = blank(CALLBACK, facts)
    state.main = main and facts.subject.kind is SubjectKind.LEAD
    row = as_stored(ProcessRow(state, Origin(UUID(int=1), None)))
    assert read_facts(row) == facts  # type: ignore[arg-type]  # a mapping as good as a record
    assert (row["lead_id"] is None) != (row["subject_id"] is None)


@given(FACTS, st.sampled_from([SCHOOL, CALLBACK, FREE]), st.integers(0, 2**32))
def test_a_process_keeps_its_promises_however_little_is_known(facts: Facts, playbook: Playbook, seed: int) -> None:
    for step in Story(Random(seed), playbook, known=facts).steps(8):  # noqa: S311 - dice of a test
        for check in CHECKS:
            check(step)


@given(FACTS, st.sampled_from([SCHOOL, CALLBACK, FREE]), st.integers(0, 2**32))
def test_whatever_is_decided_can_be_published(facts: Facts, playbook: Playbook, seed: int) -> None:
    for step in Story(Random(seed), playbook, known=facts).steps(8):  # noqa: S311 - dice of a test
        events = [event for effect in step.effects for event in published(effect, step.after, playbook)]
        assert {getattr(event, "lead_id", None) for event in events} <= {None, facts.lead_id}


@given(FACTS)
def test_variables_have_values_and_moments_lie_in_time_whatever_is_known(facts: Facts) -> None:
    state = blank(SCHOOL, facts)
    assert all(variables(state, "ru").values())
    due = moment_at(Moment(Anchor.RECEIVED), state, START)
    assert due == (facts.counted_from or facts.received_at)


def test_a_subject_is_read_from_its_key_and_no_other() -> None:
    subjects = [Subject(kind, UUID(int=7)) for kind in SubjectKind]
    assert [Subject.of_key(key) for key in map(attrgetter("key"), subjects)] == subjects
    others = ("", "lead", "lead:x", "desk:demo", f"operator:{UUID(int=7)}")
    assert [Subject.of_key(key) for key in others] == [None] * len(others)
