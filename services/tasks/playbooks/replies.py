"""Which tasks a reply ends: it answers what was written of any lead, for they share a conversation (S2.9)."""

from collections.abc import Iterable

from libs.common.contracts.shared import ContactKind, Direction
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Trigger
from services.tasks.playbooks.verbs import Close, Rule
from services.tasks.playbooks.walk import walk


def is_ended_by_reply(playbook: Playbook, types: Iterable[str]) -> bool:
    """Return whether a reply ends a task of one of these types, or of a twin's."""
    ended = _ended(playbook.triggers.get(Trigger.CONTACT_RECORDED, ()))
    return any(playbook.task_types[kind].base in ended for kind in types)


def _ended(rules: tuple[Rule, ...]) -> frozenset[str]:
    """Return the types that rules of what is written to the customer close by name."""
    steps = (step for rule in rules if _is_of_replies(rule.when) for step in walk(rule.then))
    return frozenset(kind for step in steps if isinstance(step, Close) for kind in step.types)


def _is_of_replies(when: Condition | None) -> bool:
    return when is not None and ContactKind.MESSAGE in when.contact and when.direction == {Direction.OUT}
