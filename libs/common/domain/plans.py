"""Plans that are applied and taken back by and by: how far they are, and what became of their members (P.15)."""

from enum import StrEnum


class Progress(StrEnum):
    """How far a plan is."""

    PLANNED = "planned"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"


class BulkMemberState(StrEnum):
    """What became of a member; `stays` never changes, `changed` was not as planned, `kept` was not taken back."""

    PLANNED = "planned"
    STAYS = "stays"
    DONE = "done"
    CHANGED = "changed"
    TAKEN_BACK = "taken_back"
    KEPT = "kept"
