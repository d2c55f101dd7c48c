"""Why a person is erased, and how far it has come. Pure."""

from collections.abc import Iterable
from enum import StrEnum

#: The services that answer; intake's own part is a row of its own.
SERVICES = ("tasks", "assignment", "notifications")


class ErasureReason(StrEnum):
    """Why a person is erased: a code, for words could name them."""

    REQUEST = "request"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    NO_LONGER_NEEDED = "no_longer_needed"
    MISTAKE = "mistake"


class ErasureState(StrEnum):
    """Whether anything may be left."""

    UNDER_WAY = "under_way"
    DONE = "done"


def state_of(parts: Iterable[bool]) -> ErasureState:
    """Return the state of what is done once each of its parts is."""
    return ErasureState.DONE if all(parts) else ErasureState.UNDER_WAY
