"""Quiet hours of a customer, and how many advertisements they get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Self, cast
from zoneinfo import ZoneInfo

_UTC = ZoneInfo("UTC")
_HORIZON = timedelta(days=2)  # an hour that zones have in common comes every day


class Doubt(StrEnum):
    """Whose night it is where only the desk's zone is known of a customer, and their number lies in several."""

    DESK = "desk"
    CANDIDATES = "candidates"  # that of each zone in which they may be


class Basis(StrEnum):
    """By which clocks the quiet hours of a message are kept."""

    ZONE = "zone"
    CANDIDATES = "candidates"  # in every zone in which its customer may be
    NO_COMMON_HOUR = "no_common_hour"  # these have no hour in common: by the desk's


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours in which nothing is sent; over midnight where `ends` is not after `starts`."""

    starts: time
    ends: time

    def opens(self, zone: str, moment: datetime) -> datetime:
        """Return the first time from a moment on that is not quiet: the moment itself, or when the quiet ends.

        By the clock on the wall: an hour that a change of clocks repeats is quiet both times.
        """
        place = ZoneInfo(zone)
        local = moment.astimezone(place)
        if not self._covers(local.time().replace(tzinfo=None)):
            return moment
        day = local.date() + timedelta(days=self.starts >= self.ends and local.time() >= self.starts)
        ends = datetime.combine(day, self.ends, place).replace(fold=local.fold)
        return max(moment, ends.astimezone(_UTC))

    def _covers(self, local: time) -> bool:
        if self.starts < self.ends:
            return self.starts <= local < self.ends
        return local >= self.starts or local < self.ends


@dataclass(frozen=True, slots=True)
class Night:
    """The quiet hours of one message and the zone of who gets it; stored with it, for every later attempt.

    `candidates`: where they may be, if their zone is not known; none: it is kept in `zone` alone.
    """

    quiet: Quiet
    zone: str
    candidates: tuple[str, ...] = ()
    basis: Basis = Basis.ZONE

    @classmethod
    def within(cls, quiet: Quiet, zone: str, candidates: Sequence[str], now: datetime) -> Self:
        """Return the night of who may be in several zones: by the desk's where these have no hour in common."""
        if not candidates:
            return cls(quiet, zone)
        found = cls(quiet, zone, tuple(candidates), Basis.CANDIDATES)
        return cls(quiet, zone, (), Basis.NO_COMMON_HOUR) if found._common(now) is None else found

    def opens(self, moment: datetime) -> datetime:
        """Return when it may be sent, from a moment on."""
        return self._common(moment) or self.quiet.opens(self.zone, moment)

    def _common(self, moment: datetime) -> datetime | None:
        """Return the first time from a moment on that is quiet in none of the zones; None: there is none."""
        at, zones = moment, self.candidates or (self.zone,)
        while at <= moment + _HORIZON:
            later = max(self.quiet.opens(zone, at) for zone in zones)
            if later == at:
                return at
            at = later
        return None

    def as_json(self) -> dict[str, object]:
        hours = {"starts": f"{self.quiet.starts:%H:%M}", "ends": f"{self.quiet.ends:%H:%M}", "zone": self.zone}
        return {**hours, "candidates": self.candidates, "basis": self.basis}

    @classmethod
    def of(cls, stored: Mapping[str, object]) -> Self:
        starts, ends, zone = (cast("str", stored[name]) for name in ("starts", "ends", "zone"))
        candidates, basis = (
            cast("Sequence[str]", stored.get("candidates", ())),
            cast("str", stored.get("basis", "zone")),
        )
        hours = Quiet(time.fromisoformat(starts), time.fromisoformat(ends))
        return cls(hours, zone, tuple(candidates), Basis(basis))


@dataclass(frozen=True, slots=True)
class Sending:
    """What a desk has said of its messages to customers; None: at any time, and as many as are asked for.

    `marketing_quiet` None: as other messages.
    """

    quiet: Quiet | None = None
    marketing_quiet: Quiet | None = None
    marketing_a_week: int | None = None
    doubt: Doubt = Doubt.DESK

    def night(self, zone: str, now: datetime, *, marketing: bool, candidates: Sequence[str] = ()) -> Night | None:
        """Return the quiet hours of a message to a customer; `candidates`: where they may be, if in doubt."""
        quiet = (self.marketing_quiet or self.quiet) if marketing else self.quiet
        return None if quiet is None else Night.within(quiet, zone, candidates if self._doubts else (), now)

    @property
    def _doubts(self) -> bool:
        return self.doubt is Doubt.CANDIDATES


WEEK = timedelta(days=7)
