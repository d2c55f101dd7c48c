"""Names that a playbook leaves to others: pools, roles, templates; and those that its desk does not have (P.4)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from libs.common.domain.slips import is_slip
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import SUPERVISOR, Addressee
from services.tasks.playbooks.verbs import Defer, Open
from services.tasks.playbooks.walk import all_steps, walk


class NameKind(StrEnum):
    """Whose names they are."""

    POOL = "pool"
    ROLE = "role"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that the desk does not have, where the playbook uses it, and those that look like it."""

    path: str
    kind: NameKind
    name: str
    nearest: tuple[str, ...]


def missing(playbook: Playbook, known: Mapping[NameKind, Collection[str]]) -> tuple[Missing, ...]:
    """Return the names that the desk does not have."""
    return tuple(
        Missing(path, kind, name, tuple(get_close_matches(name, known[kind])))
        for path, kind, name in used(playbook)
        if name not in known[kind]
    )


def slips(found: Iterable[Missing]) -> tuple[Missing, ...]:
    """Return those that are slips of the pen for names that the desk has; others may be on their way."""
    return tuple(each for each in found if is_slip(each.name, each.nearest))


def unheard(found: Iterable[Missing]) -> tuple[Missing, ...]:
    """Return those without which a lead would be lost: work of no pool, a message without its text.

    A role is not among them: operators get and lose roles while the playbook is in use.
    """
    return tuple(each for each in found if each.kind is not NameKind.ROLE)


def used(playbook: Playbook) -> Iterator[tuple[str, NameKind, str]]:
    """Yield each use of such a name; twins use those of their types."""
    for kind in playbook.task_types.values():
        if not kind.twin_of:
            yield f"/task_types/{kind.code}/pool", NameKind.POOL, kind.pool
            yield f"/task_types/{kind.code}/role", NameKind.ROLE, kind.role
    for path, steps in all_steps(playbook):
        if any(isinstance(step, Open | Defer) and step.addressee is Addressee.SUPERVISOR for step in walk(steps)):
            yield path, NameKind.ROLE, SUPERVISOR
    for message in playbook.messages.values():
        yield f"/messages/{message.code}/template", NameKind.TEMPLATE, message.template
