"""Names that one part of a desk takes from another: the pools, templates and playbooks that its file has not."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from libs.common.deskfile.reading import Document
from libs.common.deskfile.services import Answer, Refusal
from libs.common.platform.http.faults import pointer

_OF_KIND = {"pool": ("assignment", "pools"), "template": ("notifications", "templates")}


def missing_names(document: Document, plans: Mapping[str, Answer]) -> Iterator[Refusal]:
    """Yield the names that the desk will not have; a section that the file leaves out is as the desk has it."""
    uses = plans["tasks"].said.get("uses", ())
    assert isinstance(uses, list)  # noqa: S101 - tasks' own answer
    for use in uses:
        place = _OF_KIND.get(use["kind"])
        known = _names(document, plans, *place) if place else ()
        if place and use["name"] not in known:
            at = f"{pointer(['playbooks', use['playbook']])}{use['path']}"
            yield Refusal(at, _unknown(use["kind"], use["name"], known))
    sources, playbooks = document.get("sources"), _names(document, plans, "tasks", "playbooks", kept=True)
    for code, source in sources.items() if isinstance(sources, dict) else ():
        name = source.get("playbook") if isinstance(source, dict) else None
        if isinstance(name, str) and name not in playbooks:
            yield Refusal(pointer(["sources", code, "playbook"]), _unknown("playbook", name, playbooks))


def _names(
    document: Document, plans: Mapping[str, Answer], service: str, section: str, *, kept: bool = False
) -> set[str]:
    """Return the codes of a section; `kept`: what it does not name stays."""
    given, before = document.get(section), (plans[service].before or {}).get(section)
    had = set(before) if isinstance(before, dict) else set()
    return set(given) | (had if kept else set()) if isinstance(given, dict) else had


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    nearest = get_close_matches(name, known)
    return f"the desk has no {kind} {name!r}" + (f"; it has {', '.join(nearest)}" if nearest else "")
