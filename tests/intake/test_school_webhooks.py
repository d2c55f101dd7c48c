"""A school is asked by us to report its orders, and the source says what came of it (S4.1)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest

from deploy.standins.faults import Failure, Mode
from deploy.standins.getcourse.standin import DEMO_KEY
from libs.common.contracts.intake import LeadReceivedV2, OrderChanged
from libs.common.platform.db import Database
from libs.common.platform.sealing import DataKeys
from libs.common.platform.sealing.keys import new_key
from libs.common.platform.worker import Watch
from services.intake.schools.store import SealedSchools, place_of
from services.intake.schools.webhooks import subscriptions
from services.intake.sources.cache import SourceCache
from tests.intake.school import ACCOUNT, ANNA, DUE, SOURCE, Desk, open_school
from tests.intake.test_placements import raised

pytestmark = [pytest.mark.servers, pytest.mark.req("S4.1")]
BEARER = "demo-developer_demo-school"
TOKEN = {**SOURCE, "config": {"format": "getcourse"}}


@pytest.fixture
async def desk(intake_db: Database) -> AsyncIterator[Desk]:
    async with open_school(intake_db, webhooks=False, source=TOKEN) as opened:
        yield opened


async def webhooks(desk: Desk) -> Any:  # noqa: ANN401 - as the API says it
    return (await desk.check())["webhooks"]


async def subscribe_as(desk: Desk, public_url: str | None) -> None:
    """Let the school be asked, if that is due, by a worker that is reached elsewhere from outside."""
    worker = replace(desk.ctx, settings=desk.ctx.settings.model_copy(update={"public_url": public_url}))
    await desk.ctx.core.db.pool.execute(DUE)
    await subscriptions(worker, Watch(1.0)).once()


async def test_a_school_with_its_key_reports_its_orders_with_the_sources_token(desk: Desk) -> None:
    assert await webhooks(desk) is None
    await desk.set_school(webhook_key=BEARER)
    assert await webhooks(desk) == {"registered_at": None, "code": None}
    await desk.subscribe()
    assert await webhooks(desk) == {"registered_at": f"{desk.clock.now():%Y-%m-%dT%H:%M:%SZ}", "code": None}
    made = await desk.customer(**ANNA)
    await desk.customer(f"_orders/{made['id']}", status="payed")
    assert (len(await desk.api.said(LeadReceivedV2)), len(await desk.api.said(OrderChanged))) == (1, 1)
    assert sorted(desk.school.uris) == [1, 2, 3]


async def test_it_is_asked_once_and_anew_when_the_address_is_another(desk: Desk) -> None:
    await desk.set_school(webhook_key=BEARER)
    await desk.subscribe()
    first, desk.school.uris = desk.school.uris, {}
    await desk.subscribe()
    assert desk.school.uris == {}
    version = {"headers": {"if-match": '"1"'}}
    secret = (await desk.api.ok("POST", f"/sources/{desk.source['id']}/rotate", {}, **version))["secret"]
    await desk.subscribe()
    assert desk.school.uris[1].endswith(f"?token={secret}")
    assert first[1] != desk.school.uris[1]


async def test_a_secret_that_another_process_made_this_moment_reaches_the_school(desk: Desk) -> None:
    await desk.set_school(webhook_key=BEARER)
    await desk.subscribe()
    worker = replace(desk.ctx, sources=SourceCache(desk.ctx.core.db, desk.ctx.core.keys, lambda: 0.0))
    await worker.sources.refresh()
    version = {"headers": {"if-match": '"1"'}}
    secret = (await desk.api.ok("POST", f"/sources/{desk.source['id']}/rotate", {}, **version))["secret"]
    await subscriptions(worker, Watch(1.0)).once()
    assert desk.school.uris[1].endswith(f"?token={secret}")


@pytest.mark.req("P.12")
@pytest.mark.parametrize("reached", [True, False])
async def test_what_failed_at_another_address_is_over_when_it_is_as_it_was_or_gone(
    desk: Desk, *, reached: bool
) -> None:
    await desk.set_school(webhook_key=BEARER)
    await desk.subscribe()
    desk.standin.dice.failures = [Failure(Mode.HTTP, "502", "set-uri", None)]
    for _ in range(3):
        await subscribe_as(desk, "https://elsewhere.test/")
    assert await raised(desk) == [("school_unheard", "getcourse")]
    desk.standin.dice.failures = []
    await subscribe_as(desk, str(desk.ctx.settings.public_url) if reached else None)
    assert cast("list[object]", (await desk.api.ok("GET", "/attention"))["items"]) == []


@pytest.mark.req("P.12")
@pytest.mark.parametrize(
    ("key", "failures", "code"),
    [
        ("wrong_key", [], "wrong_key"),
        (BEARER, [Failure(Mode.HTTP, "502", "set-uri", None)], "http_502"),
        (BEARER, [Failure(Mode.CODE, "empty", "set-uri", None)], "not_an_answer"),
        (BEARER, [Failure(Mode.CODE, "Событие недоступно", "set-uri", None)], "refused"),
    ],
)
async def test_a_refusal_is_shown_and_asked_again_and_in_the_end_a_persons(
    desk: Desk, key: str, failures: list[Failure], code: str
) -> None:
    desk.standin.dice.failures = failures
    await desk.set_school(webhook_key=key)
    for _ in range(3):
        await desk.subscribe()
    assert await webhooks(desk) == {"registered_at": None, "code": code}
    assert await raised(desk) == [("school_unheard", "getcourse")]
    desk.standin.dice.failures = []
    await desk.set_school(webhook_key=BEARER)
    await desk.subscribe()
    assert (await webhooks(desk))["registered_at"] is not None
    assert cast("list[object]", (await desk.api.ok("GET", "/attention"))["items"]) == []


async def test_a_new_data_key_seals_both_keys_of_an_account_anew(desk: Desk) -> None:
    await desk.set_school(webhook_key=BEARER)
    core = desk.ctx.core
    assert core.settings.data_keys is not None
    both = DataKeys.parse(f"{new_key('next')} {core.settings.data_keys.get_secret_value()}")
    assert await SealedSchools().reseal(core.db, both, 10, forget_plain=True) == 1
    [row] = await core.db.pool.fetch("SELECT id, api_key, webhook_key FROM school")
    opened = [both.open(row[name], place_of(row["id"], name)) for name in ("api_key", "webhook_key")]
    assert (opened, await SealedSchools().key_ids(core.db)) == ([DEMO_KEY, BEARER], {"next"})


async def test_what_no_school_could_do_is_said_and_not_tried(intake_db: Database) -> None:
    async with open_school(intake_db, webhooks=False, outside=False) as desk:
        await desk.set_school(webhook_key=BEARER)
        await desk.subscribe()
        assert (await webhooks(desk), desk.school.uris) == ({"registered_at": None, "code": "no_public_url"}, {})


async def test_a_retired_source_is_not_subscribed_and_keys_stay_sealed(desk: Desk) -> None:
    await desk.set_school(webhook_key=BEARER, active=False)
    await desk.subscribe()
    kept = await desk.ctx.core.db.pool.fetchval("SELECT webhook_key FROM school")
    assert (kept.startswith("v1.tests."), desk.school.uris) == (True, {})
    await desk.api.ok("PUT", f"/sources/{desk.source['id']}/school", {**ACCOUNT, "api_key": None})
    await desk.subscribe()
    assert sorted(desk.school.uris) == [1, 2, 3]
