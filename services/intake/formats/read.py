"""The registry of formats."""

from typing import assert_never

from services.intake.formats import getcourse, landing
from services.intake.formats.rules import Format, Mapped, ParsedOrder, RawRequest, Unreadable


def read(kind: Format, raw: RawRequest, mapped: Mapped) -> ParsedOrder | Unreadable:
    """Read a request of a source. Pure and total: no content raises."""
    match kind:
        case Format.GETCOURSE:
            return getcourse.read(raw, mapped)
        case Format.LANDING:
            return landing.read(raw, mapped)
        case _:
            assert_never(kind)
