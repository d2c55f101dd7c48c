"""What a frozen state must hold: one query for each state that an upgrade has to survive."""

from collections.abc import Mapping
from types import MappingProxyType

from deploy.local.under_way import Connection
from libs.common.platform.db.roles import SERVICES

_ATTEMPT = "SELECT FROM notifications.attempt WHERE"
_ACTIVE = "SELECT FROM tasks.task WHERE state = 'active' AND"
_SHIFT = "SELECT FROM assignment.shift WHERE ended_at"
_BEHIND = """
SELECT FROM tasks.parked f JOIN tasks.parked b USING (topic, partition, key)
WHERE f.state = 'failed' AND b.state = 'blocked' AND b."offset" > f."offset" HAVING count(*) = 2
"""


def _each(what: str, states: str, query: str) -> dict[str, str]:
    """Return one query for each state of one kind of thing."""
    return {what.format(state): query.format(state) for state in states.split()}


QUERIES: Mapping[str, str] = MappingProxyType(
    {
        **_each("{} task", "deferred completed failed", "SELECT FROM tasks.task WHERE state = '{}'"),
        **_each("timer of kind {}", "offer due playbook", "SELECT FROM tasks.timer WHERE kind = '{}'"),
        **_each("{} work", "waiting offered held ended", "SELECT FROM assignment.work WHERE state = '{}'"),
        **_each(
            "message that is {}",
            "pending accepted delivered failed",
            "SELECT FROM notifications.message WHERE state = '{}'",
        ),
        **_each("event that is {}", "failed blocked", "SELECT FROM tasks.parked WHERE state = '{}'"),
        **_each("unsent event of {}", " ".join(SERVICES), "SELECT FROM {}.outbox"),
        "pair of keys with an event behind a failed one": _BEHIND,
        "call in the middle": f"{_ATTEMPT} state = 'sending'",
        "message that the provider has under an unknown name": f"{_ATTEMPT} state = 'waiting'",
        "call without an answer": f"{_ATTEMPT} state = 'pending' AND offered_at IS NOT NULL",
        "task that is taken": f"{_ACTIVE} taken_at IS NOT NULL",
        "task that is assigned and not taken": f"{_ACTIVE} assigned_at IS NOT NULL AND taken_at IS NULL",
        "task that waits": f"{_ACTIVE} waiting",
        "task that is not offered": f"{_ACTIVE} offered_at IS NULL",
        "delivery in quarantine": "SELECT FROM intake.delivery WHERE disposition = 'quarantined'",
        "answered call": "SELECT FROM tasks.idempotency WHERE status IS NOT NULL",
        "shift that is worked": f"{_SHIFT} IS NULL",
        "shift that is over": f"{_SHIFT} IS NOT NULL",
        "pair of active playbooks": "SELECT FROM tasks.playbook_activation HAVING count(*) = 2",
        "approved template": "SELECT FROM notifications.template WHERE state = 'approved'",
        "day of the inbox": "SELECT FROM pg_inherits WHERE inhparent = 'tasks.inbox'::regclass HAVING count(*) > 1",
    }
)


async def missing_states(conn: Connection) -> list[str]:
    """Return which states a database of a frozen release lacks."""
    return [state for state, query in QUERIES.items() if not await conn.fetchval(f"SELECT EXISTS ({query})")]
