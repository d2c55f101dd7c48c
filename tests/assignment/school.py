"""A desk of two shifts a day, 12:00–19:00 and 19:00–02:00 by Moscow's clock, with a rule for lateness (S4.6)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from libs.common.contracts.desks import DeskChanged
from libs.common.contracts.shared import Language, Text
from libs.common.platform.attention.watch import look
from libs.common.platform.clock import ManualClock
from services.assignment.app import SAY
from services.assignment.attention import KINDS
from services.assignment.lateness.actions import record_lateness
from services.assignment.schedule.actions import watch
from services.assignment.swaps.actions import expire_swaps
from tests.assignment.desk import Desk
from tests.assignment.test_configuration_api import CALLS, planned_and_applied

Json = dict[str, Any]  # an answer is read as it is
MOSCOW = ZoneInfo("Europe/Moscow")
EACH_DAY = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 1)
ANSWER = "answer"
RULE: Json = {
    "rest": 600,
    "handover": {"conversations": [ANSWER]},
    "lateness": {
        "currency": "RUB",
        "short": 60,
        "steps": [{"step": "warning"}, {"step": "fine", "amount": 500}],
        "long": {"step": "fine", "amount": 1000},
        "window_days": 31,
        "repeated": 3,
    },
}
PEOPLE = ("ann", "bob", "eve", "kim")
WHOLE: Json = {
    "pools": {"callback": CALLS},
    "operators": {sub: {"name": sub.title(), "pools": ["callback"]} for sub in PEOPLE},
    "shifts": {
        "day": {"title": {"ru": "Первая", "en": "First"}, "starts": "12:00", "ends": "19:00", "needed": EACH_DAY},
        "evening": {
            "title": {"ru": "Вторая", "en": "Second"},
            "starts": "19:00",
            "ends": "02:00",
            "needed": EACH_DAY,
        },
    },
    "attendance": RULE,
}


class School:
    """The desk, with its clock, its people by name, and what its worker does each ten seconds."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ids: dict[str, UUID] = {}

    async def open(self, zone: str = MOSCOW.key, **changes: object) -> None:
        said = {"code": "demo", "title": Text(ru="Школа", en="School"), "zone": zone, "calendar": ()}
        await self.desk.receive(DeskChanged.model_validate({**said, "languages": (Language.RU,)}))
        applied = await planned_and_applied(self.desk, {**WHOLE, **changes})
        assert applied.status_code == 200, applied.text
        found = await self.desk.items("/operators")
        self.ids = {str(one["subject"]): UUID(str(one["id"])) for one in found}

    async def at(self, day: int, hour: int, minute: int = 0) -> None:
        """Go on to a moment of March 2026, where hour 24 is midnight, and let the worker look."""
        wanted = datetime(2026, 3, day, tzinfo=MOSCOW) + timedelta(hours=hour, minutes=minute)
        clock = self.desk.ctx.core.clock
        assert isinstance(clock, ManualClock)
        clock.advance(wanted - clock.now())
        await self.look()

    async def look(self) -> None:
        await watch(self.desk.ctx)
        await record_lateness(self.desk.ctx)
        await expire_swaps(self.desk.ctx)
        await look(self.desk.ctx.db, KINDS, SAY, self.desk.ctx.now())

    async def plan(self, who: str, shift: str, day: int) -> Json:
        body = {"desk": "demo", "operator_id": str(self.ids[who]), "shift": shift, "day": f"2026-03-{day:02}"}
        return await self.desk.ok("POST", "/schedule", body)

    async def do(self, who: str, method: str, path: str, body: object = None, version: int = 1) -> httpx.Response:
        """Call as an operator."""
        tag = {"if-match": f'"{version}"'}
        return await self.desk.call(method, path, body, sub=who, roles=("operator",), headers=tag)

    async def comes(self, who: str) -> None:
        assert (await self.desk.presence(who, "check-in")).is_success
        await self.look()

    async def leaves(self, who: str, **more: object) -> httpx.Response:
        return await self.do(who, "POST", "/check-out", more)

    async def schedule(self, who: str) -> list[str]:
        """Return an operator's planned shifts that were not cancelled, as `evening 3`."""
        found = await self.desk.items(f"/schedule?operator_id={self.ids[who]}&limit=200")
        live = (one for one in found if one["state"] != "cancelled")
        return [f"{one['shift']} {_local(one['starts_at']).day}" for one in live]


def _local(written: object) -> datetime:
    return datetime.fromisoformat(str(written)).astimezone(MOSCOW)


def codes(answer: httpx.Response) -> list[str]:
    """Return the codes of the faults of a refusal."""
    return [fault["code"] for fault in answer.json()["errors"]]
