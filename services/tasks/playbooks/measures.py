"""Checks of what conditions compare, and of whom they ask: it is there, and of a kind that fits."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from libs.common.contracts.shared import SubjectKind
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.faults import Finding
from services.tasks.playbooks.fields import AnswerType, FieldType
from services.tasks.playbooks.limits import LimitValue, Measure
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Addressee, Trigger
from services.tasks.playbooks.walk import conditions

Types = tuple[type, ...]
_NUMBERS: Types = (Decimal,)
_TIMES: Types = (date, timedelta)
_FITTING: dict[FieldType, Types] = {
    FieldType.NUMBER: _NUMBERS,
    FieldType.MONEY: _NUMBERS,
    FieldType.DATE: _TIMES,
    FieldType.MOMENT: _TIMES,
}


def unfit_conditions(playbook: Playbook) -> Iterator[Finding]:
    """Yield every fault of what conditions compare, and of whom they ask."""
    for path, when in conditions(playbook):
        for name, limits in _compared(when):
            yield from _unfit(playbook, path, name, limits)
        for name in (*when.on_shift, *when.off_shift):
            spec = playbook.field(name)
            if name is Addressee.SUPERVISOR:
                yield Finding(path, "nobody", "supervisors are many: name one person")
            if name is Addressee.ORIGINAL and spec is None:
                yield Finding(path, "nobody", "who is original is known of a task alone: ask for 'stand_in'")
            if spec is not None and spec.type is not FieldType.PERSON:
                yield Finding(path, "nobody", f"{str(name)!r} is a {spec.type}, no person")
        if (when.partner_has or when.partner_lacks) and playbook.subject not in (
            SubjectKind.LEAD,
            SubjectKind.PARTNER,
        ):
            yield Finding(path, "wrong_subject", f"a {playbook.subject} has no partner")
        if when.refused and not path.startswith(f"/on/{Trigger.CHANGE_REFUSED}/"):
            yield Finding(path, "nothing_refused", f"'refused' belongs to a rule of on.{Trigger.CHANGE_REFUSED}")


def _compared(when: Condition) -> Iterator[tuple[str, tuple[LimitValue, ...]]]:
    yield from ((name, (limit,)) for name, limit in (*when.over.items(), *when.under.items()))
    yield from when.between.items()


def _unfit(playbook: Playbook, path: str, name: str, limits: tuple[LimitValue, ...]) -> Iterator[Finding]:
    fitting = _types(playbook, name)
    facts = {*Measure, *playbook.counters}
    if name in facts and playbook.field(name) is not None:
        yield Finding(path, "reserved_name", f"{name!r} is a fact or a counter: give the field another name")
    elif fitting is None:
        yield Finding(path, "unknown_reference", f"there is no number, sum or time {name!r} to compare")
    elif not all(isinstance(limit, fitting) for limit in limits):
        said = "a number" if fitting is _NUMBERS else "a day or a duration"
        yield Finding(path, "wrong_limit", f"{name!r} is compared with {said}")


def _types(playbook: Playbook, name: str) -> Types | None:
    """Return what a name may be compared with; None: there is nothing of that name to compare."""
    if name in set(Measure):
        return _NUMBERS if name == Measure.ORDER_AMOUNT else _TIMES
    if name in playbook.counters:
        return _NUMBERS
    spec = playbook.field(name)
    return _scale(playbook, name) if spec is None else _FITTING.get(spec.type)


def _scale(playbook: Playbook, name: str) -> Types | None:
    """Return numbers for the answer to a scale, such as `survey.speed`: a field and its question."""
    field, _, asked = name.partition(".")
    spec = playbook.field(field)
    found = playbook.questionnaires.get(spec.questionnaire) if spec and spec.questionnaire else None
    question = found.questions.get(asked) if found else None
    return _NUMBERS if question is not None and question.type is AnswerType.SCALE else None
