"""Which processes an event is for: that of its task or its request, those of its subject, and those that listen."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from libs.common.contracts.shared import SubjectKind
from services.tasks.engine.facts import Subject
from services.tasks.engine.state import ProcessId, State
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Trigger

#: How the names of rules begin that open a task because the customer was in contact.
OF_CONTACT = f"on.{Trigger.CONTACT_RECORDED}."


class NotStarted(StrEnum):
    """Why a playbook is not started on a subject; the timeline stores these codes."""

    NOT_ACTIVE = "not_active"
    OTHER_SUBJECT = "other_subject"
    RUNS_ALREADY = "runs_already"


@dataclass(frozen=True, slots=True)
class Address:
    """Whom an event concerns, as it says itself.

    `subject` is None when it names none that a process can be about. `trigger` is what a playbook listens for; None
    for answers, which no other process hears. `process_id`: the process that asked; `answers`: the request of a
    status or another change. `beside`: another subject, whose timeline has it too. `merged`: the subject is another
    one by now, and no process hears it. `reply`: a person has written in the conversation, which is the customer's.
    """

    subject: Subject | None
    trigger: Trigger | None = None
    customer_id: UUID | None = None
    process_id: UUID | None = None
    task_id: UUID | None = None
    answers: UUID | None = None
    beside: Subject | None = None
    merged: bool = False
    reply: bool = False

    @property
    def replied_to(self) -> UUID | None:
        """The customer who has an answer, of whichever lead they wrote: all their leads share a conversation."""
        return self.customer_id if self.reply else None

    @property
    def of_one(self) -> bool:
        """Whether one process alone is meant, and no other one of its subject."""
        return self.process_id is not None or self.task_id is not None

    @property
    def wide(self) -> bool:
        """Whether any number of processes may hear it: it is an event of another subject than a lead."""
        return self.subject is not None and self.subject.kind is not SubjectKind.LEAD and self.trigger is not None

    @property
    def widely(self) -> UUID | None:
        """The customer whose leads' processes may listen for it: it is the customer's own event."""
        customer = self.subject is not None and self.subject.kind is SubjectKind.CUSTOMER
        return self.subject.id if self.subject is not None and customer and self.trigger is not None else None

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The subjects whose processes may hear it: its own, and the customer of a lead."""
        own = () if self.subject is None or self.of_one else (self.subject,)
        customer = self.customer_id if own and self.trigger is not None else None
        return own if customer is None else (*own, Subject(SubjectKind.CUSTOMER, customer))


def hearing(processes: Iterable[State]) -> list[State]:
    """Return which processes of one subject hear its events, oldest first.

    Those are the live ones, and the last one of each playbook that has no live one: it may begin anew.
    """
    oldest_first = sorted(processes, key=lambda state: state.id)
    live = [state for state in oldest_first if state.ended_at is None]
    running = {state.playbook for state in live}
    last = {state.playbook: state for state in oldest_first if state.playbook not in running}
    return sorted([*live, *last.values()], key=lambda state: state.id)


def not_started(subject: Subject, playbook: Playbook | None, *, runs: bool) -> NotStarted | None:
    """Return why the desk's active version of a playbook is not started on a subject; None: it is."""
    if playbook is None:
        return NotStarted.NOT_ACTIVE
    if playbook.subject is not subject.kind:
        return NotStarted.OTHER_SUBJECT
    return NotStarted.RUNS_ALREADY if runs else None


def listens(address: Address, state: State, playbook: Playbook, customers: Collection[UUID]) -> bool:
    """Return whether a process of another subject hears the event; `customers`: the ids of the event's customer."""
    if not state.live or address.trigger not in playbook.listens or state.facts.subject == address.subject:
        return False
    subject = state.facts.subject
    if subject.kind is SubjectKind.CUSTOMER:
        own = address.subject is not None and address.subject.kind is SubjectKind.CUSTOMER
        return not own and subject.id in customers
    return state.facts.customer_id in customers


def waits_for(address: Address, state: State, customers: Collection[UUID]) -> bool:
    """Return whether a reply is heard by a process about another lead, of which its customer has written."""
    subject = state.facts.subject
    of_theirs = subject.kind is SubjectKind.LEAD and state.facts.customer_id in customers
    if not (address.reply and state.live and of_theirs) or subject == address.subject:
        return False
    return any(task.rule.startswith(OF_CONTACT) for task in state.open_tasks)


def asker(address: Address, found: UUID | None, heard: Sequence[State]) -> ProcessId | None:
    """Return the process whose request is answered; `found` is the one that is known to have asked.

    Requests of the release before are not known: the process with which the lead began has made them. One process
    alone needs no search.
    """
    if address.answers is None:
        return None
    known = next((state.id for state in heard if state.id == found), None)
    alone = heard[0].id if len(heard) == 1 else None
    return known or next((state.id for state in heard if state.main), alone)
