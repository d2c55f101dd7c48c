"""Pools on the wire."""

from datetime import datetime

from pydantic import BaseModel


class PoolOut(BaseModel):
    """The open tasks of a pool.

    `waiting`: those that no operator has and whose corridor has come, the oldest since `oldest_at`. `known` is
    false where assignment has said nothing of a pool of this code.
    """

    desk: str
    code: str
    known: bool
    open: int
    waiting: int
    overdue: int
    oldest_at: datetime | None
