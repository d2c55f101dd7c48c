"""What a free task must say before it is made (S2.11), all faults at once; and the process that it becomes."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from libs.common.contracts.shared import SubjectKind
from services.tasks.engine.events import Made
from services.tasks.engine.facts import Facts, Subject
from services.tasks.engine.fields import MatrixFault
from services.tasks.engine.state import Brief, Desk
from services.tasks.operators.rules import OperatorProfile, fitting
from services.tasks.playbooks.model import TaskType
from services.tasks.playbooks.terms import Title

FARTHEST_DUE = timedelta(days=366)
_WORDS = re.compile(r"[^\W_]+")
#: Words that name a kind of task and no aim.
_KINDS = frozenset(
    {"задача", "дело", "напоминание", "звонок", "перезвон", "перезвонить", "позвонить", "встреча"}
    | {"task", "to do", "todo", "reminder", "call", "call back", "meeting"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A free task as its author asks for it: for an operator, or for a role in a pool."""

    desk: str
    title: str
    text: str | None
    due_at: datetime
    operator_id: UUID | None
    role: str | None
    pool: str | None
    lead_id: UUID | None
    order_number: str | None
    document: str | None
    important: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the task is checked against: the desk's task types by title and code, its roles and pools.

    `person` is the named operator, `deputy` who deputises for them and is there, `lead` what is known of the linked
    lead; None when there is none that the author may see.
    """

    desk: Desk
    types: Collection[str]
    roles: Collection[str]
    pools: Collection[str]
    person: OperatorProfile | None
    lead: Facts | None
    deputy: OperatorProfile | None = None


def faults(asked: Asked, known: Known, now: datetime) -> tuple[MatrixFault, ...]:
    """Return all faults; empty = the task can be made."""
    return (
        *_title(asked.title, known.types),
        *_due(asked.due_at, now),
        *_assignee(asked, known),
        *_lead(asked, known),
    )


def made(asked: Asked, known: Known, kind: TaskType, author: str) -> Made:
    """Return the event that makes the task; a person's is of a role and a pool of theirs, should they leave it."""
    person = known.person
    role, pool = asked.role or kind.role, asked.pool or kind.pool
    if person is not None:
        role = role if role in person.roles else min(person.roles, default=role)
        pool = pool if pool in person.pools else min(person.pools, default=pool)
    brief = Brief(asked.title, author, asked.text, asked.document, personal=person is not None)
    event = Made(brief, asked.due_at, asked.important, role, pool, person.operator if person else None)
    return event if person is None or person.absent_until is None else _while_absent(event, person, known)


def _while_absent(event: Made, person: OperatorProfile, known: Known) -> Made:
    """Return the event of a task for one who is absent by a plan (S2.2): nothing comes to them meanwhile.

    What is due by then is for their deputy who may have it, else for their pool; what is due later waits for them,
    until it is due.
    """
    if person.absent_until is not None and event.due_at >= person.absent_until:
        return replace(event, operator=None, original_id=person.id, offer_from=event.due_at)
    deputy = fitting(known.deputy, known.desk.code, event.role)
    return replace(event, operator=deputy.operator if deputy else None, original_id=person.id)


def facts(known: Known, process_id: UUID, now: datetime) -> Facts:
    """Return the facts of its process: about the lead, else about its person; a pool's stands for itself.

    Nobody need know the products of the lead's order: the author says who is to do it.
    """
    if known.lead is None:
        subject = Subject(SubjectKind.STAFF, known.person.id if known.person else process_id)
        return Facts(subject, known.desk.languages[0], known.desk.zone, received_at=now)
    order = known.lead.order and replace(known.lead.order, products=())
    return replace(known.lead, order=order, received_at=now, counted_from=None)


def _title(title: str, types: Collection[str]) -> Iterator[MatrixFault]:
    said = _plain(title)
    if not said:
        detail = Title("Назовите цель следующего шага", "Name the aim of the next step")
        yield MatrixFault("/title", "title_required", detail)
    elif said in _KINDS or said in {_plain(each) for each in types}:
        detail = Title(
            "Это только тип задачи: назовите цель следующего шага", "That is a type alone: name the aim of the step"
        )
        yield MatrixFault("/title", "title_names_type", detail)


def _due(due_at: datetime, now: datetime) -> Iterator[MatrixFault]:
    if due_at < now:
        yield MatrixFault("/due_at", "due_in_past", Title("Срок уже прошёл", "The due time is over"))
    elif due_at > now + FARTHEST_DUE:
        detail = Title("Срок дальше года", "The due time is more than a year away")
        yield MatrixFault("/due_at", "due_too_far", detail)


def _assignee(asked: Asked, known: Known) -> Iterator[MatrixFault]:
    person = known.person
    if asked.operator_id is not None and person is None:
        detail = Title("Такого оператора нет", "There is no such operator")
        yield MatrixFault("/assignee/operator_id", "unknown_operator", detail)
    if person is not None and known.desk.code not in person.desks:
        detail = Title("Оператор другого отдела", "The operator is of another desk")
        yield MatrixFault("/assignee/operator_id", "other_desk", detail)
    if asked.role is not None and asked.role not in known.roles:
        detail = Title(f"В отделе нет роли «{asked.role}»", f"The desk has no role “{asked.role}”")
        yield MatrixFault("/assignee/role", "unknown_role", detail)
    if asked.pool is not None and asked.pool not in known.pools:
        detail = Title(f"В отделе нет пула «{asked.pool}»", f"The desk has no pool “{asked.pool}”")
        yield MatrixFault("/assignee/pool", "unknown_pool", detail)


def _lead(asked: Asked, known: Known) -> Iterator[MatrixFault]:
    if known.lead is not None:
        return
    detail = Title("Такой заявки в этом отделе нет", "This desk has no such lead")
    if asked.lead_id is not None:
        yield MatrixFault("/links/lead_id", "unknown_lead", detail)
    if asked.order_number is not None:
        yield MatrixFault("/links/order_number", "unknown_order", detail)


def _plain(text: str) -> str:
    """Return the words of a text, for comparison."""
    return " ".join(_WORDS.findall(text.casefold()))
