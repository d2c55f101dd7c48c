"""What a lead counts for ↔ the JSON that its process keeps; who makes a contact is of the staff (P.7)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from libs.common.contracts.shared import Stage
from services.tasks.numbers.rules import Contact, Deeds, Figures, Reply


def figures_json(figures: Figures) -> dict[str, object]:
    """Return the JSON of what a lead counts for; what it lacks is left out."""
    found: dict[str, object] = {
        "product": figures.product,
        "source": figures.source,
        "contact": figures.contact and _contact_json(figures.contact),
        "calls": {str(call): _contact_json(each) for call, each in figures.calls.items()},
        "outcomes": {str(task): _contact_json(each) for task, each in figures.outcomes.items()},
        "mended": {str(task): _contact_json(each) for task, each in figures.mended.items()},
        "end": figures.end,
        "won_at": figures.won_at,
        "won_day": figures.won_day,
        "ended_before": figures.ended_before,
        "merged": figures.merged,
        "asked_at": figures.asked_at,
        "reply": figures.reply and [figures.reply.at, str(figures.reply.by), figures.reply.counted],
        "deeds": [[str(did.by), did.day, did.answers, did.seconds] for did in figures.deeds],
    }
    return {name: value for name, value in found.items() if value}


def read_figures(stored: Mapping[str, Any] | None) -> Figures | None:
    """Return what a process keeps; None: nothing has counted yet."""
    if stored is None:
        return None
    contact, reply, day = stored.get("contact"), stored.get("reply"), stored.get("won_day")
    return Figures(
        product=stored.get("product", ""),
        source=stored.get("source", ""),
        contact=contact and _contact(contact),
        calls={UUID(call): _contact(each) for call, each in stored.get("calls", {}).items()},
        outcomes={UUID(task): _contact(each) for task, each in stored.get("outcomes", {}).items()},
        mended={UUID(task): _contact(each) for task, each in stored.get("mended", {}).items()},
        end=Stage(stored["end"]) if "end" in stored else None,
        won_at=_moment(stored.get("won_at")),
        won_day=None if day is None else date.fromisoformat(day),
        ended_before=stored.get("ended_before", False),
        merged=stored.get("merged", False),
        asked_at=_moment(stored.get("asked_at")),
        reply=reply and Reply(datetime.fromisoformat(reply[0]), UUID(reply[1]), counted=reply[2]),
        deeds=tuple(Deeds(UUID(by), date.fromisoformat(on), *sums) for by, on, *sums in stored.get("deeds", ())),
    )


def _contact_json(contact: Contact) -> list[object]:
    return [contact.at, str(contact.by), contact.day, contact.kept]


def _contact(stored: list[Any]) -> Contact:
    at, by, day, kept = stored
    return Contact(datetime.fromisoformat(at), UUID(by), date.fromisoformat(day), kept)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
