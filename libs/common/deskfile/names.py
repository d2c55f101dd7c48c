"""Names that one part of a desk takes from another: pools, templates, their placeholders, playbooks, channels."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from libs.common.deskfile.reading import Document
from libs.common.deskfile.services import Answer, Refusal
from libs.common.platform.http.faults import pointer

Use: TypeAlias = Mapping[str, Any]  # a name that a playbook uses, as tasks' answer has it
_OF_KIND = {"pool": ("assignment", "pools"), "template": ("notifications", "templates")}


def wrong_names(document: Document, plans: Mapping[str, Answer]) -> Iterator[Refusal]:
    """Yield the names that the desk will not have; a section that the file leaves out is as the desk has it.

    What only a service knows that has refused its part is not judged.
    """
    uses = plans["tasks"].said.get("uses", ()) if "tasks" in plans else []
    assert isinstance(uses, list)  # noqa: S101 - tasks' own answer
    for use in uses:
        place = _OF_KIND.get(use["kind"])
        known = _names(document, plans, *place) if place else None
        if known is not None and use["name"] not in known:
            at = f"{pointer(['playbooks', use['playbook']])}{use['path']}"
            yield Refusal(at, _unknown(use["kind"], use["name"], known))
    yield from _unfilled(uses, plans)
    yield from _missing_in_sources(document, "playbook", _names(document, plans, "tasks", "playbooks", kept=True))
    yield from _missing_in_sources(document, "channel", _names(document, plans, "notifications", "channels"))


def _unfilled(uses: Collection[Use], plans: Mapping[str, Answer]) -> Iterator[Refusal]:
    """Yield placeholders of templates that a playbook's message never fills in."""
    texts = plans["notifications"].said.get("placeholders", {}) if "notifications" in plans else {}
    assert isinstance(texts, dict)  # noqa: S101 - notifications' own answer
    for use in (each for each in uses if each["kind"] == "template"):
        for place, names in texts.get(use["name"], {}).items():
            at = f"{pointer(['templates', use['name']])}{place}"
            for name in (each for each in names if each not in use["fills"]):
                known = ", ".join(get_close_matches(name, use["fills"]) or use["fills"])
                yield Refusal(at, f"playbook {use['playbook']!r} fills in no {{{name}}}; it fills in {known}")


def _missing_in_sources(document: Document, kind: str, known: Collection[str] | None) -> Iterator[Refusal]:
    if known is None:
        return
    sources = document.get("sources")
    for code, source in sources.items() if isinstance(sources, dict) else ():
        name = source.get(kind) if isinstance(source, dict) else None
        if isinstance(name, str) and name not in known:
            yield Refusal(pointer(["sources", code, kind]), _unknown(kind, name, known))


def _names(
    document: Document, plans: Mapping[str, Answer], service: str, section: str, *, kept: bool = False
) -> set[str] | None:
    """Return the codes of a section, None if it is not known; `kept`: what it does not name stays."""
    given = document.get(section)
    if service not in plans:
        return set(given) if isinstance(given, dict) and not kept else None
    before = (plans[service].before or {}).get(section)
    had = set(before) if isinstance(before, dict) else set()
    return set(given) | (had if kept else set()) if isinstance(given, dict) else had


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    nearest = get_close_matches(name, known)
    return f"the desk has no {kind} {name!r}" + (f"; it has {', '.join(nearest)}" if nearest else "")
