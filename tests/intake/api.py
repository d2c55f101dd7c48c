"""Intake over HTTP: webhooks, the API, the events that it publishes and consumes."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar, cast
from uuid import NAMESPACE_URL, UUID, uuid5

import httpx
from httpx import ASGITransport, AsyncClient

from libs.common.contracts import REGISTRY, Cause, EventData, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.intake import LeadReceivedV2, Order
from libs.common.contracts.notifications import ChannelChanged
from libs.common.contracts.shared import Presence
from libs.common.platform.clock import ManualClock
from libs.common.platform.http.assembly import build_api, serve_context
from libs.common.platform.ids import uuid7
from libs.common.testkit.issuer import TokenIssuer
from services.intake.app import SERVICE
from services.intake.context import Context
from services.intake.subscriptions import subscriptions
from tests.support.documented import documented

NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
MOSCOW = "Europe/Moscow"

E = TypeVar("E", bound=EventData)


class Api:
    """The service over HTTP, with its events."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.clock = cast("ManualClock", ctx.core.clock)
        self.issuer = TokenIssuer.generate()
        self.sequence = itertools.count(1)
        self.app = build_api(SERVICE, self.issuer.verifier())
        serve_context(SERVICE, self.app, ctx)

    async def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a bare request."""
        transport = ASGITransport(documented(self.app))
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, content=content, json=body, headers=headers)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str = "admin",
        desks: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Call the API with a token."""
        sent = {"authorization": f"Bearer {self.issuer.token('ann', [role], desks)}", **(headers or {})}
        return await self.send(method, f"/intake/v1{path}", body=body, headers=sent)

    async def ok(self, method: str, path: str, body: object = None, **options: object) -> dict[str, object]:
        """Call the API as an administrator; it must succeed."""
        headers = options.get("headers")
        answer = await self.call(method, path, body, headers=headers if isinstance(headers, dict) else None)
        assert answer.is_success, answer.text
        document: dict[str, object] = answer.json()
        return document

    async def source(self, code: str = "landing", **members: object) -> str:
        """Make a source and return the path of its webhook; without authentication by default.

        A channel that it names is there.
        """
        if (channel := members.get("channel")) is not None:
            await self.channels(str(channel))
        view = await self.ok("POST", "/sources", {**new_source(code), **members})
        return str(view["hook"])

    async def deliver(self, url: str, order: object) -> dict[str, str]:
        """Post an order as JSON and return the 202's document."""
        answer = await self.send("POST", url, body=order)
        assert answer.status_code == 202, answer.text
        document: dict[str, str] = answer.json()
        return document

    async def said(self, model: type[E]) -> list[E]:
        """Return the events of one type in intake's outbox."""
        rows = await self.ctx.core.db.pool.fetch("SELECT type, body FROM outbox ORDER BY id")
        events = [REGISTRY[row["type"]].model_validate_json(row["body"]) for row in rows]
        return [event for event in events if isinstance(event, model)]

    async def hear(self, *events: EventData, desk: str = "demo") -> None:
        """Apply events of tasks in one transaction, as the consumer would."""
        use_cases = subscriptions(self.ctx)
        received = [received_of(event, desk)._replace(sequence=next(self.sequence)) for event in events]
        async with self.ctx.core.db.begin() as tx:
            await use_cases[events[0].event_type](tx, received)
            await tx.commit()

    async def channels(self, *codes: str, active: bool = True) -> None:
        """Hear of channels of the desk."""
        for code in codes:
            named = {"channel_id": uuid5(NAMESPACE_URL, code), "code": code, "kind": "whatsapp", "version": 1}
            await self.hear(ChannelChanged.model_validate({**named, "active": active}))

    async def hire(
        self, subject: str = "ann", *, active: bool = True, operator_id: UUID | None = None,
        extension: str | None = None, roles: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Hear of an operator of the desk: `ann` is who calls."""
        await self.hear(
            OperatorChanged(
                operator_id=operator_id or uuid7(), subject=subject, name=subject, active=active,
                roles=tuple(roles), desks=("demo",), pools=(), products=(), capacity=20,
                presence=Presence.CHECKED_IN,
                extension=extension,
            )
        )  # fmt: skip

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""
        found: int = await self.ctx.core.db.pool.fetchval(f"SELECT count(*) FROM {table}")
        return found


def received_of(data: EventData, desk: str = "demo") -> Received[EventData]:
    return Received(uuid7(), "lead:x", desk, NOW, 1, Cause.fresh(), data)


def new_source(code: str) -> dict[str, object]:
    return {
        "desk": "demo",
        "code": code,
        "format": "landing" if code == "landing" else "getcourse",
        "auth": "none",
        "playbook": "callback" if code == "landing" else "school",
        "zone": MOSCOW,
    }


def order(external_id: str = "lp-1", phone: str = "8 916 123-45-67", **members: object) -> dict[str, object]:
    """Return a landing page's order."""
    return {"external_id": external_id, "name": "Анна", "phone": phone, "total": "1990.00", **members}


def order_in(event: LeadReceivedV2) -> Order:
    """Return the order that a lead came with."""
    assert event.order is not None
    return event.order


def lead_of(answer: Mapping[str, str]) -> UUID:
    return UUID(answer["lead_id"])
