"""When a desk writes to its customers, on the wire."""

from datetime import time
from typing import Annotated, Self

from pydantic import Field, model_validator

from libs.common.platform.http.wire import Wire, WrongValueError
from services.notifications.sending.rules import Doubt, Quiet, Sending

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["21:00"])]


class QuietPart(Wire):
    """Hours by the customer's clock in which nothing is sent; over midnight where `ends` is not after `starts`."""

    starts: Clock
    ends: Clock

    @model_validator(mode="after")
    def _some_hours(self) -> Self:
        if self.starts == self.ends:
            raise WrongValueError("такая тишина не кончается", "these hours never end")
        return self

    def quiet(self) -> Quiet:
        return Quiet(time.fromisoformat(self.starts), time.fromisoformat(self.ends))

    @classmethod
    def of(cls, quiet: Quiet | None) -> Self | None:
        return None if quiet is None else cls(starts=f"{quiet.starts:%H:%M}", ends=f"{quiet.ends:%H:%M}")


class SendingPart(Wire):
    """When the desk writes to its customers; null: at any time, and as many as are asked for.

    `marketing_quiet` null: as `quiet`. Advertisements are messages by templates of marketing. `doubt`: where only
    the desk's zone is known of a customer and their number lies in several, quiet hours are kept in the `desk`'s,
    or in all `candidates`; by the desk's clock if these have no hour in common.
    """

    quiet: QuietPart | None = None
    marketing_quiet: QuietPart | None = None
    marketing_a_week: Annotated[int | None, Field(ge=0, le=100)] = None
    doubt: Doubt = Doubt.DESK

    def sending(self) -> Sending:
        quiet, marketing = (each.quiet() if each else None for each in (self.quiet, self.marketing_quiet))
        return Sending(quiet, marketing, self.marketing_a_week, self.doubt)

    @classmethod
    def of(cls, found: Sending) -> Self:
        return cls(
            quiet=QuietPart.of(found.quiet),
            marketing_quiet=QuietPart.of(found.marketing_quiet),
            marketing_a_week=found.marketing_a_week,
            doubt=found.doubt,
        )
