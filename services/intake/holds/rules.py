"""Until when a price may be held: pure (S4.17)."""

from datetime import datetime

from libs.common.contracts.shared import OrderStatus
from services.intake.changes.rules import Problem, Problems
from services.intake.formats.rules import BEFORE_PAID


def hold_problems(
    until: datetime | None, status: OrderStatus, starts_at: datetime | None, now: datetime
) -> Problems:
    """Return everything that is wrong with a hold; `starts_at`: when the package begins, None: nobody has said.

    Until the very start it may be held. No `until` ends a hold, at any time.
    """
    if until is None:
        return ()
    problems = []
    if until <= now:
        problems.append(Problem("held_until", "in_the_past"))
    if starts_at is not None and until > starts_at:
        problems.append(Problem("held_until", "after_start"))
    if status not in BEFORE_PAID:
        problems.append(Problem("held_until", "not_unpaid"))
    return tuple(problems)
