"""What a swap is, and what is wrong with one that is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class SwapState(StrEnum):
    """How a swap stands; these codes are stored."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # a shift of it began, or was changed, before it was answered


@dataclass(frozen=True, slots=True)
class Shift:
    """A planned shift as it is looked at for a swap."""

    operator_id: UUID
    desk: str
    starts_at: datetime
    planned: bool

    def is_open(self, now: datetime) -> bool:
        """Whether it can still change hands."""
        return self.planned and self.starts_at > now


@dataclass(frozen=True, slots=True)
class SwapFault:
    """What is wrong with a swap as it is asked for."""

    field: str
    code: str


def faults(
    mine: Shift, to_id: UUID, in_return: Shift | None, now: datetime, *, exchanged: bool, fit: bool
) -> tuple[SwapFault, ...]:
    """Return all faults; `fit`: the other works at the desk, `exchanged`: a shift in return is named."""
    return tuple(_faults(mine, to_id, in_return, now, exchanged=exchanged, fit=fit))


def _faults(
    mine: Shift, to_id: UUID, in_return: Shift | None, now: datetime, *, exchanged: bool, fit: bool
) -> Iterator[SwapFault]:
    if not fit or to_id == mine.operator_id:
        yield SwapFault("to_operator_id", "unfit_operator")
    if exchanged and (
        in_return is None
        or in_return.operator_id != to_id
        or in_return.desk != mine.desk
        or not in_return.is_open(now)
    ):
        yield SwapFault("in_return_id", "not_theirs")
