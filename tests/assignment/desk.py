"""Drives the service from outside: managers and operators over HTTP, tasks by its events."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TypeVar
from uuid import UUID

import httpx
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from libs.common.contracts import REGISTRY, Cause, EventData, Received
from libs.common.contracts import tasks as ev
from libs.common.contracts.assignment import WorkAssigned, WorkWaiting
from libs.common.contracts.shared import Text
from libs.common.platform.http.assembly import build_api, serve_context
from libs.common.platform.ids import uuid7
from libs.common.testkit.issuer import TokenIssuer
from services.assignment.app import SERVICE
from services.assignment.context import Context
from services.assignment.shifts.actions import find_silent
from services.assignment.shifts.worker import WORK
from services.assignment.subscriptions import subscriptions
from tests.assignment.operators import NOW
from tests.support.documented import documented
from tests.support.lookouts import rung

E = TypeVar("E", bound=EventData)

BOSS = "boss"
BALANCE = """
SELECT o.name FROM operator o LEFT JOIN work w ON w.operator_id = o.id
GROUP BY o.id HAVING o.open_work <> count(w.task_id)
"""


@dataclass
class Desk:
    """The desk `demo` of one service."""

    ctx: Context
    issuer: TokenIssuer = field(default_factory=TokenIssuer.generate)

    @cached_property
    def app(self) -> FastAPI:
        app = build_api(SERVICE, self.issuer.verifier())
        serve_context(SERVICE, app, self.ctx)
        return app

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        sub: str = BOSS,
        roles: Sequence[str] = ("supervisor",),
        desks: Sequence[str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        token = self.issuer.token(sub, roles, desks or (("*",) if "admin" in roles else ("demo",)))
        transport = ASGITransport(app=documented(self.app), raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://test/assignment/v1") as client:
            sent = {"authorization": f"Bearer {token}", **(headers or {})}
            return await client.request(method, path, json=body, headers=sent)

    async def ok(self, method: str, path: str, body: object = None, **options: object) -> dict[str, object]:
        answer = await self.call(method, path, body, **options)  # type: ignore[arg-type] # passed on by name
        assert answer.is_success, answer.text
        found: dict[str, object] = answer.json()
        return found

    async def items(self, path: str, **options: object) -> list[dict[str, object]]:
        """Return the items of a list."""
        found = (await self.ok("GET", path, **options))["items"]
        assert isinstance(found, list)
        return found

    async def make_pool(self, code: str, **more: object) -> None:
        title = {"ru": "Звонки", "en": "Calls"}
        await self.ok("POST", "/pools", {"desk": "demo", "code": code, "title": title, **more})

    async def set_share(self, share: int, pool: str = "callback") -> None:
        """Let operators get that many untaken tasks of what has waited."""
        version = (await self.ok("GET", f"/pools/{pool}"))["version"]
        await self.ok("PATCH", f"/pools/{pool}", {"share": share}, headers={"if-match": f'"{version}"'})

    async def hire(
        self, sub: str, *, pools: Sequence[str] = ("callback",), here: bool = True, **more: object
    ) -> UUID:
        seats = [{"code": code} for code in pools]
        body = {"desk": "demo", "subject": sub, "name": sub.title(), "pools": seats, **more}
        operator_id = UUID(str((await self.ok("POST", "/operators", body))["id"]))
        if here:
            await self.presence(sub, "check-in")
        return operator_id

    async def presence(self, sub: str, command: str) -> httpx.Response:
        return await self.call("POST", f"/{command}", {}, sub=sub, roles=("operator",))

    async def silent(self, minutes: int) -> None:
        """Let nothing be heard of anybody for some minutes, then look who is there, if the lookout says so."""
        aged = "UPDATE heartbeat SET at = at - make_interval(mins => $1)"
        await self.ctx.db.pool.execute(aged, minutes)
        if await self.time_has_done_something():
            await find_silent(self.ctx)

    async def time_has_done_something(self) -> bool:
        """Whether the lookout wakes the loop of what time does to operators."""
        return bool(await rung(self.ctx.db, self.ctx.core.clock, WORK))

    async def receive(self, *payloads: EventData) -> None:
        """Apply events of tasks as one batch of the consumer."""
        await self._apply([self.received(each) for each in payloads])

    async def receive_under(self, key: str, data: EventData) -> None:
        """Apply one event of the key."""
        await self._apply([self.received(data)._replace(key=key)])

    async def _apply(self, batch: Sequence[Received[EventData]]) -> None:
        use_case = subscriptions(self.ctx)[batch[0].data.event_type]
        async with self.ctx.db.begin() as tx:
            await use_case(tx, batch)
            await tx.commit()

    def received(self, data: EventData) -> Received[EventData]:
        key = f"lead:{getattr(data, 'lead_id', '')}"
        return Received(uuid7(), key, "demo", self.ctx.now(), 1, Cause.fresh(), data)

    async def sent(self, kind: type[E]) -> list[E]:
        """Return the events of a type in the outbox, in order."""
        rows = await self.ctx.db.pool.fetch("SELECT type, body FROM outbox ORDER BY id")
        models = [REGISTRY[row["type"]].model_validate_json(row["body"]) for row in rows]
        return [each for each in models if isinstance(each, kind)]

    async def given(self) -> Counter[UUID]:
        return Counter(event.operator_id for event in await self.sent(WorkAssigned))

    async def waits(self) -> int:
        return len(await self.sent(WorkWaiting))

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.ctx.db.pool.fetch("SELECT state FROM work ORDER BY task_id")]

    async def unbalanced(self) -> list[str]:
        """Return operators whose `open_work` differs from the number of their open work rows."""
        return [row["name"] for row in await self.ctx.db.pool.fetch(BALANCE)]


def requested(task: int = 1, **changes: object) -> ev.WorkRequested:
    fields: dict[str, object] = {
        "task_id": task_id(task), "lead_id": lead_id(task), "task_version": 1, "pool": "callback",
        "role": "operator", "due_at": NOW + timedelta(minutes=task), "requested_at": NOW,
    }  # fmt: skip
    return ev.WorkRequested.model_validate({**fields, **changes})


def assigned(task: int, proposal: WorkAssigned) -> ev.TaskAssigned:
    return ev.TaskAssigned(
        task_id=task_id(task), lead_id=lead_id(task), task_type="call", title=Text(ru="Звонок", en="Call"),
        due_at=NOW, operator_id=proposal.operator_id, decision_id=proposal.decision_id,
    )  # fmt: skip


def handed(task: int, to: UUID) -> ev.TaskAssigned:
    """A task that tasks gave to its person without asking: it names itself as the decision."""
    return ev.TaskAssigned(
        task_id=task_id(task), lead_id=lead_id(task), task_type="call", title=Text(ru="Звонок", en="Call"),
        due_at=NOW, operator_id=to, decision_id=task_id(task),
    )  # fmt: skip


def taken(task: int, operator: UUID, pool: str = "callback") -> ev.TaskTaken:
    return ev.TaskTaken(
        task_id=task_id(task), lead_id=lead_id(task), task_type="call", title=Text(ru="Звонок", en="Call"),
        due_at=NOW, pool=pool, operator_id=operator,
    )  # fmt: skip


def released(task: int, operator: UUID, reason: str = "off_shift", *, by_taken: bool = False) -> ev.TaskReleased:
    return ev.TaskReleased(
        task_id=task_id(task), lead_id=lead_id(task), task_type="call", title=Text(ru="Звонок", en="Call"),
        due_at=NOW, pool="callback", operator_id=operator, taken=by_taken, actor="system", reason=reason,
    )  # fmt: skip


def reassigned(task: int, to: UUID, reason: str = "assigned", *, previous: UUID | None = None) -> ev.TaskReassigned:
    return ev.TaskReassigned(
        task_id=task_id(task), lead_id=lead_id(task), task_type="call", title=Text(ru="Звонок", en="Call"),
        due_at=NOW, pool="callback", from_operator_id=previous, to_operator_id=to, actor="boss", reason=reason,
    )  # fmt: skip


def completed(task: int, operator: UUID | None) -> ev.TaskCompleted:
    return ev.TaskCompleted(
        task_id=task_id(task), lead_id=lead_id(task), task_type="call", pool="callback", operator_id=operator,
        outcome="done", actor=str(operator or "system"),
    )  # fmt: skip


def withdrawn(task: int, reason: str = "closed") -> ev.WorkWithdrawn:
    return ev.WorkWithdrawn(task_id=task_id(task), lead_id=lead_id(task), reason=reason)


def declined(proposal: WorkAssigned, reason: str = "stale_version") -> ev.WorkDeclined:
    return ev.WorkDeclined(
        task_id=proposal.task_id, lead_id=proposal.lead_id, decision_id=proposal.decision_id,
        operator_id=proposal.operator_id, reason=reason,
    )  # fmt: skip


def task_id(number: int) -> UUID:
    return UUID(int=1_000_000 + number)


def lead_id(number: int) -> UUID:
    return UUID(int=2_000_000 + number)
