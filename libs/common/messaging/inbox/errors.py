"""What a use case says about an event that cannot be applied now: later, or once people have set something up."""

from libs.common.platform.db.errors import PassingError


class Transient(PassingError):  # noqa: N818 - the contract's word: a use case raises it to be called again
    """A use case cannot work now but may later: nothing is parked, the batch comes again."""


class Unready(Exception):  # noqa: N818 - the contract's word: a use case raises it about what one desk lacks
    """People have yet to set up what an event needs: it waits, and says nothing against the release.

    `waits_for` names what is missing (`playbook:<desk>:<code>`), so that `waiting.release` finds the event.
    """

    def __init__(self, waits_for: str, text: str) -> None:
        super().__init__(text)
        self.waits_for = waits_for


def waits_for(error: Exception | None) -> str | None:
    """Return what an event that failed waits for; None when nothing is known to come that would mend it."""
    return error.waits_for if isinstance(error, Unready) else None
