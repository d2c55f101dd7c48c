"""The words of a call sheet, filled with what is known of a subject (P.9, S4.12)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.common.domain.masking import masked_person
from services.tasks.engine.conditions import Context, counted, holds
from services.tasks.engine.fields import field_texts, unreachable
from services.tasks.engine.state import State, Task
from services.tasks.engine.variables import variables
from services.tasks.playbooks.fields import FieldType
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.sheets import PLACEHOLDER, CallSheet, Script

#: Fields that messages never name; an operator who works the task may read them.
_PERSONAL = frozenset({FieldType.TEXT, FieldType.PHONE})


@dataclass(frozen=True, slots=True)
class Said:
    """A script that fits now, in one language."""

    code: str
    title: str
    text: str


def said(
    sheet: CallSheet,
    state: State,
    task: Task,
    playbook: Playbook,
    language: str,
    now: datetime,
    *,
    holder: str | None = None,
    hides: bool = False,
) -> Iterator[Said]:
    """Yield the scripts that fit a task now, in their order; of a lead of nobody it is the `holder` who speaks.

    `hides`: numbers are masked to who reads it.
    """
    speaker = {"operator_name": holder} if holder else {}
    known, counts = {**speaker, **words(state, playbook, language, hides=hides)}, counted(state, playbook)
    context = Context(state, state.facts.order_status, task.type, now=now, counts=counts)
    for script in sheet.scripts.values():
        text = filled(script, known, language)
        if text is not None and (script.when is None or holds(script.when, context)):
            yield Said(script.code, script.title.of(language), text)


def words(state: State, playbook: Playbook, language: str, *, hides: bool = False) -> dict[str, str]:
    """Return what is known of a subject by the names that scripts may use."""
    personal = {
        name: str(unreachable(spec, value) if hides else value)
        for name, value in state.fields.items()
        if (spec := playbook.field(name)) is not None and spec.type in _PERSONAL
    }
    name = {"name": state.facts.customer.name} if state.facts.customer.name else {}
    fields = field_texts(playbook, state.fields, language, state.facts.zone)
    return {**personal, **fields, **name, **variables(state, language)}


def values_of_messages(state: State, playbook: Playbook, language: str, *, hides: bool = False) -> dict[str, str]:
    """Return what a message to the customer would be filled with, by the placeholders of templates."""
    customer = state.facts.customer
    person: dict[str, object] = {"name": customer.name, "phone": customer.phone, "email": customer.email}
    person = masked_person(person) if hides else person
    fields = field_texts(playbook, state.fields, language, state.facts.zone)
    return {**fields, **{name: str(value) for name, value in person.items() if value}, **variables(state, language)}


def filled(script: Script, known: Mapping[str, str], language: str) -> str | None:
    """Return the text of a script with all its names filled in, else that for when one is not known, else None."""
    for text in script.wordings:
        if all(name in known for name in PLACEHOLDER.findall(text.of(language))):
            return PLACEHOLDER.sub(lambda found: known[found[1]], text.of(language))
    return None
