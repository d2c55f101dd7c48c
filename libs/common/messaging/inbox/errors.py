"""Errors of a use case for an event that cannot be applied now: later, or once people have set something up."""

from libs.common.platform.db.errors import PassingError


class Transient(PassingError):  # noqa: N818 - the contract's word: a use case raises it to be called again
    """The use case fails now and may succeed later: nothing is parked, the batch is retried."""


class Unready(Exception):  # noqa: N818 - the contract's word: a use case raises it about what one desk lacks
    """People must set up what an event needs: it waits, and does not count as a failure of the release.

    `waits_for` names what is missing (`playbook:<desk>:<code>`), so that `waiting.release` finds the event.
    """

    def __init__(self, waits_for: str, text: str) -> None:
        super().__init__(text)
        self.waits_for = waits_for


def waits_for(error: Exception | None) -> str | None:
    """Return what a failed event waits for, or None."""
    return error.waits_for if isinstance(error, Unready) else None
