"""What waits for a person at tasks."""

from libs.common.contracts.shared import Text
from libs.common.platform.attention.kinds import Kinds, Opens, Waiting

KINDS: Kinds = {
    "overdue_tasks": Waiting("SELECT desk, due_at AS at FROM task WHERE state = 'active' AND overdue"),
    "waiting_tasks": Waiting("SELECT desk, offer_from AS at FROM task WHERE state = 'active' AND waiting"),
    "set_aside_timers": Waiting(
        "SELECT desk, set_aside_at AS at, '' AS ref FROM timer WHERE set_aside_at IS NOT NULL",
        Opens(
            Text(ru="Разобрать сроки, которые не сработали: {count}", en="Look at deadlines that failed: {count}")
        ),
    ),
}
