"""Who works when on the day: what managers wish, the plan of the month that keeps it, a swap by consent (S4.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from deploy.demo.day.ground import Ground, asked
from deploy.demo.day.managers import done

#: The shifts of the desk, in the order in which they begin.
KINDS = ("first", "second")
#: The shift that each of them prefers; the other one they cannot work.
WISHED = {
    "anna": "first", "boris": "first", "lidia": "first", "timur": "second", "dina": "second", "egor": "second",
}  # fmt: skip
#: Who can work none: payments are looked after by day.
NEVER = ("polina",)
#: Who asks whom for the shift of the day, and gives the own one for it.
SWAPPED = ("anna", "dina")

Rota = Mapping[str, frozenset[str]]  # by shift: the operators


def agreed(ids: Mapping[str, str]) -> Rota:
    """Return who works the day, as they wished it and then exchanged two shifts; `ids`: of operators by name."""
    asks, gives = SWAPPED
    other = {asks: WISHED[gives], gives: WISHED[asks]}
    return {
        kind: frozenset(ids[name] for name, wished in WISHED.items() if other.get(name, wished) == kind)
        for kind in KINDS
    }


@dataclass(frozen=True)
class Planning:
    """A day that is planned before it begins; `people` and `chief`: headers, of each name, of an administrator."""

    ground: Ground
    desk: str
    begins: datetime
    ids: Mapping[str, str]
    people: Mapping[str, Mapping[str, str]]
    chief: Mapping[str, str]

    async def plan(self) -> Rota:
        """Let the day come from wishes instead of from the week; return it as the schedule has it then."""
        for shift in await self._schedule():
            await self._act(f"/schedule/{shift['id']}/cancel", self.chief, shift["version"])
        for name in (*WISHED, *NEVER):
            wishes = {"desk": self.desk, "month": self._month, "wishes": list(self._wishes(name))}
            done(await asked(self.ground.client, "PUT", "/assignment/v1/wishes", wishes, self.people[name]))
        draft = await self._act("/month-plans", self.chief, body={"desk": self.desk, "month": self._month})
        await self._act(f"/month-plans/{draft['id']}/publish", self.chief, draft["version"])
        await self._swap()
        await self.ground.rest()
        return await read_rota(self.ground, self.desk, self.begins, self.chief)

    @property
    def _month(self) -> str:
        return f"{self.begins:%Y-%m}"

    def _wishes(self, name: str) -> Iterator[Mapping[str, str]]:
        """Yield what a manager wishes of the day and of the rest of its month."""
        for day in _rest_of_month(self.begins.date()):
            for kind in KINDS:
                wish = "prefer" if WISHED.get(name) == kind else "cannot"
                yield {"day": day.isoformat(), "shift": kind, "wish": wish}

    async def _swap(self) -> None:
        """Let one ask for the shift of another and give the own one; the other agrees."""
        asks, gives = SWAPPED
        of = {shift["operator_id"]: shift["id"] for shift in await self._schedule()}
        mine, theirs = self.ids[asks], self.ids[gives]
        body = {"planned_id": of[mine], "to_operator_id": theirs, "in_return_id": of[theirs]}
        swap = await self._act("/swaps", self.people[asks], body=body)
        await self._act(f"/swaps/{swap['id']}/accept", self.people[gives], swap["version"])

    async def _schedule(self) -> list[dict[str, Any]]:
        return await _shifts(self.ground, self.desk, self.begins, self.chief)

    async def _act(
        self,
        path: str,
        who: Mapping[str, str],
        seen: int | None = None,
        body: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        headers = {**who, **({} if seen is None else {"If-Match": f'"{seen}"'})}
        made: dict[str, Any] = done(await asked(self.ground.client, "POST", f"/assignment/v1{path}", body, headers))
        return made


async def read_rota(ground: Ground, desk: str, begins: datetime, chief: Mapping[str, str]) -> Rota:
    """Return who works each shift of a day, as the schedule has it."""
    shifts = await _shifts(ground, desk, begins, chief)
    return {kind: frozenset(one["operator_id"] for one in shifts if one["shift"] == kind) for kind in KINDS}


async def _shifts(ground: Ground, desk: str, begins: datetime, chief: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the shifts of a day that stand."""
    query = {"desk": desk, "since": begins.isoformat(), "until": (begins + timedelta(days=1)).isoformat()}
    address = str(httpx.URL("/assignment/v1/schedule").copy_merge_params({**query, "limit": "200"}))
    found: list[dict[str, Any]] = done(await asked(ground.client, "GET", address, headers=chief))["items"]
    return [one for one in found if one["state"] != "cancelled" and _begins(one) >= begins]


def _begins(shift: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(shift["starts_at"])


def _rest_of_month(first: date) -> Iterator[date]:
    day = first
    while day.month == first.month:
        yield day
        day += timedelta(days=1)
