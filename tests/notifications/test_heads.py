"""A template is usable after the head of its proposer's department has approved it (S2.5)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from libs.common.contracts import Cause, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.attention import NotificationsAttentionRaised
from libs.common.contracts.shared import Presence
from libs.common.platform.attention.watch import look
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.app import SAY
from services.notifications.attention import KINDS
from services.notifications.feed.actions import store_operators
from services.notifications.templates.rules import Proposal, may_approve
from tests.notifications.api import Api, running_api
from tests.notifications.support import BODIES, DESK

HEAD = UUID(int=1)
TEMPLATE = {"desk": DESK, "code": "order_received", "bodies": BODIES}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.req("S2.5")


def person(number: int, subject: str, department: str | None, *heads: str) -> OperatorChanged:
    return OperatorChanged(
        operator_id=UUID(int=number), subject=subject, name=subject.title(), active=True, roles=("operator",),
        desks=(DESK,), pools=(), products=(), capacity=20, presence=Presence.CHECKED_OUT, department=department,
        heads=heads,
    )  # fmt: skip


@pytest.fixture
async def api(notifications_db: Database) -> AsyncIterator[Api]:
    """Olga heads sales, in which `operator` is; support, in which Ivan is, has no head."""
    people = (
        person(1, "olga", "support", "sales"),
        person(2, "operator", "sales"),
        person(3, "ivan", "support"),
    )
    async with notifications_db.begin() as tx:
        await store_operators(
            tx,
            [Received(uuid7(), f"operator:{each.subject}", DESK, NOW, 1, Cause.fresh(), each) for each in people],
        )
        await tx.commit()
    async with running_api(notifications_db) as opened:
        yield opened


async def call(api: Api, path: str, sub: str, role: str = "operator", body: object = None) -> httpx.Response:
    headers = api.headers(role, sub=sub)
    return await api.http.post(f"/notifications/v1/templates{path}", json=body, headers=headers)


async def approved(api: Api, sub: str, role: str = "operator", number: int = 1) -> httpx.Response:
    return await call(api, f"/order_received/versions/{number}/approve", sub, role)


async def test_the_head_of_the_proposer_s_own_department_approves_and_no_one_else(api: Api) -> None:
    proposed = await call(api, "", "operator", body=TEMPLATE)
    others = [await approved(api, "operator"), await approved(api, "boss", "supervisor")]
    assert proposed.json()["department"] == "sales"
    assert [(each.status_code, each.json()["code"], each.json()["head"]) for each in others] == [
        (403, "head_approves", "Olga")
    ] * 2
    assert (await approved(api, "olga")).json()["approved_by"] == "olga"


async def test_an_edit_is_approved_by_the_head_again(api: Api) -> None:
    await call(api, "", "operator", body=TEMPLATE)
    await approved(api, "olga")
    await call(api, "", "operator", body={**TEMPLATE, "bodies": {"ru": "Новый текст"}})
    assert [(await approved(api, sub, "supervisor", 2)).status_code for sub in ("boss", "olga")] == [403, 200]


async def test_without_a_head_a_supervisor_approves_what_they_have_not_proposed(api: Api) -> None:
    await call(api, "", "ivan", "supervisor", body=TEMPLATE)
    assert [(await approved(api, sub, "supervisor")).status_code for sub in ("ivan", "boss")] == [403, 200]


def test_an_administrator_approves_anything_and_a_head_their_own() -> None:
    own = Proposal("olga", "olga", "Olga")
    assert may_approve(own, "olga", admin=False, supervisor=False)
    assert may_approve(own, "root", admin=True, supervisor=False)
    assert not may_approve(own, "boss", admin=False, supervisor=True)


async def test_what_waits_for_approval_is_a_task_of_the_head(api: Api, notifications_db: Database) -> None:
    await call(api, "", "operator", body=TEMPLATE)
    await call(api, "", "ivan", body={**TEMPLATE, "code": "other"})
    await look(notifications_db, KINDS, SAY, NOW)
    rows = await notifications_db.pool.fetch("SELECT body FROM outbox ORDER BY id")
    raised = [NotificationsAttentionRaised.model_validate_json(row["body"]) for row in rows]
    assert {each.ref: each.assignee_id for each in raised} == {"order_received": HEAD, "other": None}
