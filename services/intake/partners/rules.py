"""When a partner works. Data in, decision out."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Span:
    """Working hours of one weekday (ISO 1 to 7), `HH:MM`."""

    weekday: int
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours by the clock of a zone; none at all: round the clock."""

    zone: ZoneInfo
    spans: tuple[Span, ...]

    def is_open(self, at: datetime) -> bool:
        """Return whether a moment lies in the hours; the closing minute does not."""
        if not self.spans:
            return True
        local = at.astimezone(self.zone)
        clock = f"{local:%H:%M}"
        return any(span.weekday == local.isoweekday() and span.opens <= clock < span.closes for span in self.spans)
