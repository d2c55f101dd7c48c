"""Tasks on the wire."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, StrictStr

from libs.common.contracts.shared import Mode, SubjectKind
from libs.common.platform.http.language import Language
from libs.common.platform.http.wire import Moment, TaskCustomer, Whole, Wire
from services.tasks.engine.facts import Subject
from services.tasks.engine.fields import unreachable
from services.tasks.engine.matrix import LONGEST_COMMENT
from services.tasks.engine.state import Task, TaskState
from services.tasks.playbooks.fields import AnswerType, FieldSpec, FieldType, FieldValue, Question
from services.tasks.playbooks.model import Outcome, Playbook, TaskType
from services.tasks.playbooks.terms import Need, Result
from services.tasks.tasks.actions import OutcomeInput
from services.tasks.tasks.customers import Seen

#: A field's value as JSON has it; sums and numbers with a fraction are texts, such as "990.50".
#: Documents and questionnaires have parts by name.
PartIn: TypeAlias = StrictStr | StrictBool | Whole | None
FieldIn: TypeAlias = PartIn | Annotated[dict[str, PartIn], Field(max_length=100)]


class OutcomeIn(Wire):
    """The outcome of a task; the task's `outcomes` list what each one requires."""

    outcome: Annotated[str, Field(max_length=64)]
    comment: Annotated[str, Field(max_length=LONGEST_COMMENT)] = ""
    call_made: bool | None = None
    callback_at: Moment | None = None
    problem: Annotated[str | None, Field(max_length=64)] = None
    fields: Annotated[dict[str, FieldIn], Field(max_length=100)] = {}

    def input(self) -> OutcomeInput:
        return OutcomeInput(self.outcome, self.comment, self.call_made, self.callback_at, self.problem, self.fields)


class ProblemOut(BaseModel):
    """A reason that an outcome accepts."""

    code: str
    title: str


class QuestionOut(BaseModel):
    """A question of a questionnaire; `at_least` and `at_most` are the ends of a scale."""

    code: str
    title: str
    type: AnswerType
    optional: bool
    at_least: int | None
    at_most: int | None
    choices: tuple[ProblemOut, ...]

    @classmethod
    def of(cls, question: Question, language: Language) -> "QuestionOut":
        scale = question.type is AnswerType.SCALE
        return cls(
            code=question.code,
            title=question.title.of(language.value),
            type=question.type,
            optional=question.optional,
            at_least=question.least if scale else None,
            at_most=question.most if scale else None,
            choices=tuple(
                ProblemOut(code=code, title=title.of(language.value)) for code, title in question.options.items()
            ),
        )


def questions_of(spec: FieldSpec, playbook: Playbook, language: Language) -> tuple[QuestionOut, ...]:
    """Return the questions of a questionnaire; none of any other field."""
    found = playbook.questionnaires[spec.questionnaire] if spec.questionnaire else None
    return tuple(QuestionOut.of(question, language) for question in found.questions.values()) if found else ()


class FieldOut(BaseModel):
    """A field to fill in; `choices` are those of a choice, `questions` those of a questionnaire."""

    name: str
    type: FieldType
    title: str
    optional: bool
    future: bool
    at_least: int | None
    at_most: int | None
    choices: tuple[ProblemOut, ...]
    questions: tuple[QuestionOut, ...]

    @classmethod
    def of(cls, spec: FieldSpec, playbook: Playbook, language: Language) -> "FieldOut":
        return cls(
            name=spec.code,
            type=spec.type,
            title=spec.title.of(language.value) if spec.title else spec.code,
            optional=spec.optional,
            future=spec.future,
            at_least=spec.at_least,
            at_most=spec.at_most,
            choices=problems_out(spec.of, playbook, language),
            questions=questions_of(spec, playbook, language),
        )


class OutcomeOut(BaseModel):
    """A possible outcome of a task, and what it requires (S1.7); `categories` that allow it, none = all (S3.2)."""

    code: str
    title: str
    result: Result
    call_made: Need
    callback_at: Need
    problem: Need
    problems: tuple[ProblemOut, ...]
    fields: tuple[FieldOut, ...]
    categories: tuple[str, ...]

    @classmethod
    def of(cls, outcome: Outcome, kind: TaskType, playbook: Playbook, language: Language) -> "OutcomeOut":
        requires = outcome.requires
        return cls(
            code=outcome.code,
            title=outcome.title.of(language.value),
            result=outcome.result,
            call_made=requires.call_made,
            callback_at=requires.callback_at,
            problem=requires.problem,
            problems=problems_out(requires.problems, playbook, language),
            fields=tuple(FieldOut.of(spec, playbook, language) for spec in outcome.fields.values()),
            categories=tuple(code for code, outcomes in kind.categories.items() if outcome.code in outcomes),
        )


def problems_out(codes: Sequence[str], playbook: Playbook, language: Language) -> tuple[ProblemOut, ...]:
    """Return codes with their titles."""
    return tuple(ProblemOut(code=code, title=playbook.problems[code].of(language.value)) for code in codes)


_MADE: OrderedDict[tuple[int, Language], tuple[TaskType, tuple[OutcomeOut, ...]]] = OrderedDict()
_MOST = 1024  # types: more than the playbooks of a service have


def outcomes_out(kind: TaskType, playbook: Playbook, language: Language) -> tuple[OutcomeOut, ...]:
    """Return the outcomes of a type, made once: a page of tasks has the same ones fifty times.

    A compiled type never changes. It is known by its identity, which is its own as long as it is kept here.
    """
    known = _MADE.get((id(kind), language))
    if known is None:
        made = tuple(OutcomeOut.of(each, kind, playbook, language) for each in kind.outcomes.values())
        known = _MADE[id(kind), language] = kind, made
        if len(_MADE) > _MOST:
            _MADE.popitem(last=False)
    return known[1]


class SubjectOut(BaseModel):
    """What a task or a timeline is about."""

    kind: SubjectKind
    id: UUID

    @classmethod
    def of(cls, subject: Subject) -> "SubjectOut":
        return cls(kind=subject.kind, id=subject.id)


class TaskOut(BaseModel):
    """A task; titles are in the caller's language. `outcome…` and `closed…` are set once it has ended.

    `lead_id` is absent when its subject is no lead, `order_number` when the lead has no order, `customer` when the
    task is about no customer and when the caller may not see them. `text`, `document` and `author` are those of a
    free task. `call_unproved`: its outcome claims a call that telephony knows nothing of (P.11).
    """

    id: UUID
    desk: str
    subject: SubjectOut
    lead_id: UUID | None
    order_number: str | None
    customer: TaskCustomer | None
    playbook: str
    playbook_version: int
    type: str
    title: str
    text: str | None
    document: str | None
    author: str | None
    state: TaskState
    role: str
    pool: str
    mode: Mode
    lane: str
    rank: int
    important: bool
    attempt: int
    opened_at: datetime
    due_at: datetime
    offer_from: datetime
    overdue: bool
    waiting: bool
    operator_id: UUID | None
    decision_id: UUID | None
    assigned_at: datetime | None
    taken_at: datetime | None
    held_since: datetime | None
    lender_id: UUID | None
    original_id: UUID | None
    lent_until: datetime | None
    reserved_until: datetime | None
    contacted_at: datetime | None
    outcome: str | None
    comment: str | None
    call_made: bool | None
    call_unproved: bool
    problem: str | None
    callback_at: datetime | None
    fields: dict[str, str | bool | dict[str, str]]
    closed_at: datetime | None
    closed_by: str | None
    rule: str
    successor_id: UUID | None
    outcomes: tuple[OutcomeOut, ...]
    version: int


def task_out(
    task: Task,
    *,
    desk: str,
    subject: Subject,
    order_number: str | None,
    seen: Seen,
    call_unproved: bool,
    playbook: Playbook,
    version: int,
    language: Language,
) -> TaskOut:
    """Return a task for the wire; `version` is the playbook's."""
    kind, closing, brief = playbook.task_types[task.type], task.closing, task.brief
    active = task.state is TaskState.ACTIVE
    return TaskOut(
        **{name: getattr(task, name) for name in _SAME},
        desk=desk,
        subject=SubjectOut.of(subject),
        lead_id=subject.lead_id,
        order_number=order_number,
        customer=seen.customer,
        playbook=playbook.code,
        playbook_version=version,
        title=brief.title if brief else kind.title.of(language.value),
        text=brief.text if brief else None,
        document=brief.document if brief else None,
        author=brief.author if brief else None,
        outcome=closing.outcome if closing else None,
        comment=closing.comment if closing else None,
        call_made=closing.call_made if closing else None,
        call_unproved=call_unproved,
        problem=closing.problem if closing else None,
        callback_at=closing.callback_at if closing else None,
        fields=_shown(closing.fields, playbook, hides=seen.hides) if closing else {},
        closed_at=closing.at if closing else None,
        closed_by=closing.actor if closing else None,
        rule=closing.rule if closing else task.rule,
        successor_id=closing.successor_id if closing else None,
        outcomes=outcomes_out(kind, playbook, language) if active else (),
    )


def _shown(
    fields: Mapping[str, FieldValue], playbook: Playbook, *, hides: bool
) -> dict[str, str | bool | dict[str, str]]:
    shown = {name: unreachable(playbook.field(name), value) if hides else value for name, value in fields.items()}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in shown.items()}


_SAME = (
    "id", "type", "state", "role", "pool", "mode", "lane", "rank", "important", "attempt", "opened_at", "due_at",
    "offer_from", "overdue", "waiting", "operator_id", "decision_id", "assigned_at", "taken_at",
    "held_since", "lender_id", "original_id", "lent_until", "reserved_until", "contacted_at", "version",
)  # fmt: skip
