"""Titles of steps, filled with the facts of the step."""

from collections.abc import Mapping

from services.tasks.playbooks.model import Playbook
from services.tasks.timeline.catalogue import TITLES


def title_of(kind: str, facts: Mapping[str, object], playbook: Playbook | None, language: str) -> str:
    """Return a step's title; codes of the playbook are replaced by their titles."""
    text = TITLES.get(kind)
    if text is None:  # written by a newer release before a rollback
        return kind
    return text.of(language).format_map(_Facts(facts, playbook, language))


class _Facts(dict[str, str]):
    """Facts by name; a missing one is a dash."""

    def __init__(self, facts: Mapping[str, object], playbook: Playbook | None, language: str) -> None:
        super().__init__({name: _shown(name, value, playbook, language) for name, value in facts.items()})

    def __missing__(self, key: str) -> str:
        return "—"


def _shown(name: str, value: object, playbook: Playbook | None, language: str) -> str:
    if isinstance(value, Mapping):
        return str(value.get(language, ""))
    code = str(value)
    if playbook is not None and name == "task_type" and code in playbook.task_types:
        return playbook.task_types[code].title.of(language)
    if playbook is not None and name in ("status", "to_status") and code in playbook.statuses:
        return playbook.statuses[code].title.of(language)
    return code
