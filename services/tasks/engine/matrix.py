"""Validation of an outcome against its requirements (S1.7): all faults at once."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.tasks.engine.conditions import Context, holds
from services.tasks.engine.events import OutcomeGiven
from services.tasks.engine.fields import MatrixFault
from services.tasks.playbooks.model import CATEGORY, Outcome, TaskType
from services.tasks.playbooks.terms import Need, Title

FARTHEST_CALLBACK = timedelta(days=366)
LONGEST_COMMENT = 4000


def outcome_faults(
    kind: TaskType, event: OutcomeGiven, now: datetime, context: Context | None = None
) -> tuple[MatrixFault, ...]:
    """Return all faults; empty = the outcome is valid. `context` is what conditions of the matrix are judged in."""
    faults = list(_comment(event.comment))
    outcome = kind.outcomes.get(event.outcome)
    if outcome is None:
        known = ", ".join(kind.outcomes)
        detail = Title(f"Такого результата нет; есть: {known}", f"There is no such outcome; there are: {known}")
        return (*faults, MatrixFault("/outcome", "unknown_outcome", detail))
    faults += _category(kind, event, context)
    faults += _call(outcome, event)
    faults += _callback(outcome, event, now)
    faults += _too_early(outcome, event, context)
    faults += _problem(outcome, event)
    return tuple(faults)


def _comment(comment: str) -> Iterator[MatrixFault]:
    if not any(character.isalnum() for character in comment):
        detail = Title("Опишите результат словами", "Say the result in words")
        yield MatrixFault("/comment", "comment_required", detail)
    elif len(comment) > LONGEST_COMMENT:
        detail = Title("Комментарий слишком длинный", "The comment is too long")
        yield MatrixFault("/comment", "comment_too_long", detail)


def _category(kind: TaskType, event: OutcomeGiven, context: Context | None) -> Iterator[MatrixFault]:
    """Yield what is wrong with the category: it is named at first, and decides which outcomes there are (S3.2).

    One that there is not is a fault of its field.
    """
    if not kind.by_category:
        return
    named = event.fields.get(CATEGORY) or (context.state.fields.get(CATEGORY) if context else None)
    outcomes = kind.categories.get(str(named))
    if outcomes is None and not named:
        known = ", ".join(kind.categories)
        detail = Title(f"Укажите категорию: {known}", f"Name the category: {known}")
        yield MatrixFault(f"/fields/{CATEGORY}", "category_required", detail)
    elif outcomes is not None and event.outcome not in outcomes:
        known = ", ".join(outcomes)
        detail = Title(f"В этой категории результаты: {known}", f"This category has the outcomes: {known}")
        yield MatrixFault("/outcome", "not_of_category", detail)


def _call(outcome: Outcome, event: OutcomeGiven) -> Iterator[MatrixFault]:
    need = outcome.requires.call_of(event.problem)
    if need is Need.REQUIRED and event.call_made is not True:
        detail = Title("Нужен сделанный звонок", "A call must have been made")
        yield MatrixFault("/call_made", "call_required", detail)
    if need is Need.FORBIDDEN and event.call_made:
        yield MatrixFault("/call_made", "call_forbidden", Title("Звонка быть не должно", "No call belongs here"))


def _callback(outcome: Outcome, event: OutcomeGiven, now: datetime) -> Iterator[MatrixFault]:
    need, at = outcome.requires.callback_at, event.callback_at
    if at is None:
        if need is Need.REQUIRED:
            detail = Title("Укажите время перезвона", "Give the time to call back")
            yield MatrixFault("/callback_at", "callback_required", detail)
    elif need is Need.FORBIDDEN:
        detail = Title("Время перезвона здесь не указывают", "No callback time may be given here")
        yield MatrixFault("/callback_at", "callback_forbidden", detail)
    elif at <= now:
        detail = Title("Время перезвона должно быть в будущем", "The callback time must lie in the future")
        yield MatrixFault("/callback_at", "callback_in_past", detail)
    elif at > now + FARTHEST_CALLBACK:
        detail = Title("Время перезвона дальше года", "The callback time is more than a year away")
        yield MatrixFault("/callback_at", "callback_too_far", detail)


def _too_early(outcome: Outcome, event: OutcomeGiven, context: Context | None) -> Iterator[MatrixFault]:
    when = outcome.requires.callback_forbidden_when
    if event.callback_at is not None and when is not None and context is not None and holds(when, context):
        detail = Title("Время перезвона пока не указывают", "No callback time may be given yet")
        yield MatrixFault("/callback_at", "callback_forbidden", detail)


def _problem(outcome: Outcome, event: OutcomeGiven) -> Iterator[MatrixFault]:
    requires = outcome.requires
    if event.problem is None:
        if requires.problem is Need.REQUIRED:
            known = ", ".join(requires.problems)
            detail = Title(f"Укажите причину: {known}", f"Name the reason: {known}")
            yield MatrixFault("/problem", "problem_required", detail)
    elif requires.problem is Need.FORBIDDEN:
        detail = Title("Причину здесь не указывают", "No reason belongs here")
        yield MatrixFault("/problem", "problem_forbidden", detail)
    elif event.problem not in requires.problems:
        known = ", ".join(requires.problems)
        detail = Title(f"Такой причины нет; есть: {known}", f"There is no such reason; there are: {known}")
        yield MatrixFault("/problem", "unknown_problem", detail)
