"""Checks of what is named where no section declares it: twins, persons, outcomes of closings, chosen codes."""

from collections.abc import Iterator, Mapping

from services.tasks.playbooks.faults import Finding
from services.tasks.playbooks.fields import FieldSpec, FieldType
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.sheets import NAMES, PLACEHOLDER
from services.tasks.playbooks.terms import Addressee
from services.tasks.playbooks.verbs import Close, Defer, Open, Steps
from services.tasks.playbooks.walk import all_steps, conditions, outcomes, rest, walk


def unfit_successors(playbook: Playbook) -> Iterator[Finding]:
    """Yield twins that a type does not have, and tasks for a person whom no field names."""
    for path, kind, outcome in outcomes(playbook):
        for step in walk(outcome.then):
            if isinstance(step, Defer) and kind.successor(step) not in playbook.task_types:
                yield Finding(path, "no_twin", f"{kind.base!r} has no twin {step.twin!r}: name it in its 'twins'")
        yield from _nobody(path, outcome.then, outcome.fields)
    for path, steps in rest(playbook):
        yield from _nobody(path, steps, {})


def _nobody(path: str, steps: Steps, fields: Mapping[str, FieldSpec]) -> Iterator[Finding]:
    for step in walk(steps):
        match step:
            case Open() | Defer() if step.addressee is not None and not isinstance(step.addressee, Addressee):
                spec = fields.get(step.addressee)
                if spec is None or spec.type is not FieldType.PERSON:
                    detail = f"'for' names {step.addressee!r}, which is no person among the fields of this outcome"
                    yield Finding(path, "nobody", detail)
            case _:
                continue


def unfit_closings(playbook: Playbook) -> Iterator[Finding]:
    """Yield outcomes as which tasks are closed, though none of these tasks can end so."""
    for path, steps in all_steps(playbook):
        for step in walk(steps):
            if isinstance(step, Close) and step.outcome is not None:
                kinds = (playbook.task_types[code] for code in step.types or playbook.task_types)
                if not any(step.outcome in kind.outcomes for kind in kinds):
                    detail = f"none of the tasks that are closed has an outcome {step.outcome!r}"
                    yield Finding(path, "unknown_outcome", detail)


def unfit_words(playbook: Playbook) -> Iterator[Finding]:
    """Yield names in scripts that stand for nothing."""
    for sheet in playbook.call_sheets.values():
        for script in sheet.scripts.values():
            for name in PLACEHOLDER.findall(" ".join(text.ru + text.en for text in script.wordings)):
                if name not in NAMES and name != "name" and playbook.field(name) is None:
                    path = f"/call_sheets/{sheet.code}/scripts/{script.code}"
                    yield Finding(path, "unknown_name", f"there is nothing of the name {name!r} to say")


def unfit_choices(playbook: Playbook) -> Iterator[Finding]:
    """Yield conditions on codes that their field does not offer."""
    for path, when in conditions(playbook):
        for name, codes in when.chosen.items():
            for code in codes:
                if code not in _offered(playbook.field(name)):
                    yield Finding(path, "not_a_choice", f"the field {name!r} never is {code!r}")


def _offered(spec: FieldSpec | None) -> tuple[str, ...]:
    if spec is not None and spec.type is FieldType.FLAG:
        return ("true", "false")
    return spec.of if spec is not None else ()
