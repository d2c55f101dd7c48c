"""What waits for a person at intake."""

from libs.common.contracts.shared import Text
from libs.common.platform.attention.kinds import Kinds, Opens, Waiting

#: So many unread deliveries open a task: a few are usually tests of who sets the source up.
QUARANTINED = 10

KINDS: Kinds = {
    "quarantine": Waiting(
        "SELECT desk, received_at AS at, '' AS ref FROM delivery WHERE disposition = 'quarantined'",
        Opens(
            Text(ru="Разобрать карантин: не прочитано {count}", en="Look at the quarantine: {count} not read"),
            limit=QUARANTINED,
        ),
    ),
}
