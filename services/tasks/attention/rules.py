"""What is said of the work of an operator who is not there (S2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.tasks.playbooks.terms import Title

MOST = 50  # lines
HEAD = Title("Ближайшие задачи: {count}", "Tasks that are due: {count}")
MORE = Title("и ещё {count}", "and {count} more")


@dataclass(frozen=True, slots=True)
class Due:
    """A task that is due, and its lead; nothing of the customer."""

    title: str
    due_at: datetime
    order_number: str | None
    lead_id: UUID | None


def what_is_due(due: Sequence[Due], language: str, zone: str) -> str | None:
    """Return the tasks a line each, by the desk's clock; None for none."""
    if not due:
        return None
    place = ZoneInfo(zone)
    lines = [HEAD.of(language).format(count=len(due)), *(_line(each, place) for each in due[:MOST])]
    if len(due) > MOST:
        lines.append(MORE.of(language).format(count=len(due) - MOST))
    return "\n".join(lines)


def _line(due: Due, zone: ZoneInfo) -> str:
    at = due.due_at.astimezone(zone).strftime("%d.%m %H:%M")
    lead = due.order_number or (str(due.lead_id) if due.lead_id else "")
    return " · ".join(part for part in (at, due.title, lead) if part)
