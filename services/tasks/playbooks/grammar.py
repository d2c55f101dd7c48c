"""The reader of playbooks: YAML text → `Playbook`, or the list of all faults with their lines (P.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from services.tasks.playbooks.expand import expanded, fields_of
from services.tasks.playbooks.faults import PlaybookFault, WrongPartError
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.rules import check
from services.tasks.playbooks.source import Entries, InvalidPlaybookError, Log, Node, compose
from services.tasks.playbooks.values import keys_of

PLAYBOOK: TypeAdapter[Playbook] = TypeAdapter(Playbook)
#: Where the names of each kind are declared.
SECTIONS: Mapping[str, str] = {
    "status": "statuses",
    "problem": "problems",
    "task_type": "task_types",
    "attempts": "attempts",
    "message": "messages",
    "timer": "timers",
    "lane": "lanes",
    "twin": "twins",
    "outcome": "outcomes",
    "call_sheet": "call_sheets",
    "counter": "counters",
    "charge": "charges",
    "questionnaire": "questionnaires",
}
Names: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names that a playbook may use and does not declare.

    `templates` None = templates are unknown here, and any name is accepted.
    """

    signals: Names
    order_statuses: Names
    channels: Names
    templates: Names | None = None


def parse(text: str, vocabulary: Vocabulary) -> Playbook:
    """Read and check a playbook. Raises InvalidPlaybookError naming every fault."""
    log = Log()
    root = _expanded(text, log)
    playbook = _read(root, log)
    if root is not None:
        _check_references(root, vocabulary, log)
    if playbook is not None and not log.faults:
        log.faults.extend(check(playbook, log.lines))
    if playbook is None or log.faults:
        raise InvalidPlaybookError(log.faults)
    return playbook


@lru_cache(maxsize=64)
def compiled(text: str) -> Playbook:
    """Read a playbook that was checked before; one text gives one playbook, which nothing changes.

    Raises InvalidPlaybookError when it cannot be read at all.
    """
    log = Log()
    playbook = _read(_expanded(text, log), log)
    if playbook is None or log.faults:
        raise InvalidPlaybookError(log.faults)
    return playbook


def _expanded(text: str, log: Log) -> Node | None:
    root = compose(text, log)
    return None if root is None else expanded(root, log)


def _read(root: Node | None, log: Log) -> Playbook | None:
    if root is None:
        return None
    try:
        return PLAYBOOK.validate_python(root, context=log)
    except ValidationError as error:
        log.faults += [_fault(found) for found in error.errors(include_url=False)]
        return None


def _fault(error: ErrorDetails) -> PlaybookFault:
    """Return pydantic's error in the playbook's own words, at the place of the value it met."""
    node: Node = error["input"]
    code, detail = _said(error, node)
    return PlaybookFault(node.line, node.path, code, detail)


def _said(error: ErrorDetails, node: Node) -> tuple[str, str]:
    key = error["loc"][-1] if error["loc"] else ""
    where = node.path or "the playbook"
    match error["type"]:
        case "missing":
            return "missing_key", f"{where} has no {key!r}"
        case "unexpected_keyword_argument":
            return "unknown_key", f"unknown key {key!r}"
        case "value_error":
            reason = error["ctx"]["error"]
            assert isinstance(reason, WrongPartError)  # noqa: S101 - nothing else is raised by the model
            return reason.code, str(reason)
        case "dataclass_type" | "mapping_type" | "dict_type":
            return "not_a_mapping", f"{where} must be a mapping"
        case own:
            return own, error["msg"]


def _check_references(root: Node, vocabulary: Vocabulary, log: Log) -> None:
    """Record a fault for each use of a name that is not declared; declarations may be faulty themselves."""
    sections = root if isinstance(root, Entries) else Entries(1, "")
    declared: dict[str, Names | None] = {kind: keys_of(sections.get(name)) for kind, name in SECTIONS.items()}
    declared |= {
        "moment": fields_of(root),
        "field": fields_of(root),
        "signal": vocabulary.signals,
        "order_status": vocabulary.order_statuses,
        "channel": vocabulary.channels,
        "template": vocabulary.templates,
        "choice": None,  # of the field that it belongs to: `check` knows which
        "measure": None,  # likewise: a fact, or a field of a type that can be compared
    }
    for use in log.references:
        known = declared[use.kind]
        if known is not None and use.name not in known:
            detail = f"there is no {use.kind.replace('_', ' ')} {str(use.name)!r}"
            log.fault(use.name, "unknown_reference", detail)
