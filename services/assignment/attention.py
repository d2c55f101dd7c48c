"""What waits for a person at assignment."""

from datetime import timedelta

from libs.common.contracts.shared import Text
from libs.common.platform.attention.kinds import Kinds, Opens, Waiting

# Who is on the schedule and not there (S2.2).
_MISSING = """
SELECT p.desk, p.starts_at AS at, o.subject AS ref, o.name, o.id AS operator_id
FROM planned_shift p JOIN operator o ON o.id = p.operator_id WHERE p.state = 'missing'
"""

# Who pauses for longer than their desk allows.
_LONG = """
SELECT p.desk, p.over_at AS at, o.subject AS ref, o.name, o.id AS operator_id
FROM pause p JOIN operator o ON o.id = p.operator_id WHERE p.ended_at IS NULL AND p.over_at IS NOT NULL
"""

# Whom a colleague asks to take a shift, or to exchange it (S4.6).
_SWAPS = """
SELECT s.desk, s.created_at AS at, s.id::text AS ref, o.name, s.to_operator_id
FROM swap s JOIN operator o ON o.id = s.from_operator_id WHERE s.state = 'asked'
"""

KINDS: Kinds = {
    "waiting_work": Waiting("SELECT desk, requested_at AS at FROM work WHERE state = 'waiting'"),
    "away_operators": Waiting("SELECT desk, presence_since AS at FROM operator WHERE away IS NOT NULL"),
    "missing_operators": Waiting(
        _MISSING,
        Opens(
            Text(ru="{name}: по графику, но не на месте", en="{name} is on the schedule and not there"),
            within=timedelta(minutes=15),
            name="name",
            operator="operator_id",
        ),
    ),
    "long_pauses": Waiting(
        _LONG,
        Opens(
            Text(ru="{name}: пауза дольше положенного", en="{name} pauses for longer than allowed"),
            within=timedelta(minutes=15),
            name="name",
            operator="operator_id",
        ),
    ),
    "swaps": Waiting(
        _SWAPS,
        Opens(
            Text(
                ru="{name} просит подменить или поменяться сменами",
                en="{name} asks for a swap of shifts",
            ),
            within=timedelta(hours=24),
            name="name",
            assignee="to_operator_id",
        ),
    ),
}
