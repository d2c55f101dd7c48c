"""Idempotency-Key on real PostgreSQL: repeats, races, crashes, and what is not kept."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.schema import CreateTable

from libs.common.platform.auth.dependencies import require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Database
from libs.common.platform.http.app import create_app
from libs.common.platform.http.idempotency import (
    Claim,
    ClaimLostError,
    claim_or_replay,
    idempotency_table,
    keep_idempotency,
    purge_idempotency,
)
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.routes import api_router
from libs.common.testkit.issuer import TokenIssuer
from tests.support.patience import PATIENCE

PATH = "/tasks/v1/tasks"
POSTGRES = create_async_engine("postgresql+asyncpg://").dialect
EXPIRE = "UPDATE idempotency SET locked_until = clock_timestamp() - interval '1 second'"
OLD = EXPIRE + ", created_at = clock_timestamp() - interval '25 hours'"


class TakenError(Exception):
    """The deed is taken."""


class Deed(BaseModel):
    name: str


@dataclass
class Endpoint:
    """The app under test and what its one endpoint does; `done` is the table of effects."""

    db: Database
    client: httpx.AsyncClient
    issuer: TokenIssuer
    token: str
    mood: dict[str, Exception] = field(default_factory=dict)
    before_commit: asyncio.Event | None = None

    async def post(self, key: str | None = "k-1", name: str = "a", **headers: str) -> httpx.Response:
        given = {"Authorization": f"Bearer {self.token}", **headers}
        if key is not None:
            given["Idempotency-Key"] = key
        return await self.client.post(PATH, json={"name": name}, headers=given)

    async def effects(self) -> int:
        count: int = await self.db.pool.fetchval("SELECT count(*) FROM deed")
        return count


def build(db: Database, issuer: TokenIssuer, endpoint: list[Endpoint]) -> FastAPI:
    router = api_router(PATH, tags=["tasks"], route_class=IdempotentRoute)

    @router.post("", status_code=201)
    async def do(deed: Deed, caller: Annotated[Principal, Depends(require(Role.OPERATOR))]) -> dict[str, str]:
        async with db.begin() as tx:
            await tx.conn.execute("INSERT INTO deed VALUES ($1)", deed.name)
            if error := endpoint[0].mood.get("inside"):
                raise error
            if endpoint[0].before_commit:
                await endpoint[0].before_commit.wait()
            await tx.commit()
        if error := endpoint[0].mood.get("after"):
            raise error
        return {"id": str(uuid4()), "by": caller.sub}

    verifier = issuer.verifier()
    app = create_app(
        service="tasks",
        title="Tasks",
        routers=[router],
        errors={TakenError: (409, "task_already_taken")},
        registry=CollectorRegistry(),
        auth=verifier,
    )
    app.state.db = db
    return app


@pytest.fixture
async def endpoint(messaging_db: Database) -> AsyncIterator[Endpoint]:
    issuer, built = TokenIssuer.generate(), list[Endpoint]()
    await messaging_db.pool.execute("CREATE TABLE deed (name text)")
    transport = httpx.ASGITransport(build(messaging_db, issuer, built))
    async with httpx.AsyncClient(transport=transport, base_url="http://dozvon.test") as client:
        built.append(Endpoint(messaging_db, client, issuer, issuer.token("op-1", ["operator"])))
        yield built[0]


async def test_a_repeat_is_answered_as_the_first_and_done_once(endpoint: Endpoint) -> None:
    first, second = await endpoint.post(), await endpoint.post('"k-1"')
    assert (first.json(), first.status_code) == (second.json(), second.status_code)
    assert second.headers["idempotency-replayed"] == "true"
    assert await endpoint.effects() == 1


async def test_without_a_key_every_call_counts(endpoint: Endpoint) -> None:
    await endpoint.post(None)
    await endpoint.post(None)
    assert await endpoint.effects() == 2


async def test_the_same_key_with_another_body_is_refused(endpoint: Endpoint) -> None:
    await endpoint.post()
    answer = await endpoint.post(name="b")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_another_callers_key_is_another_key(endpoint: Endpoint) -> None:
    await endpoint.post()
    endpoint.token = endpoint.issuer.token("op-2", ["operator"])
    assert (await endpoint.post()).json()["by"] == "op-2"
    assert await endpoint.effects() == 2


async def test_a_repeat_meanwhile_has_to_wait(endpoint: Endpoint) -> None:
    endpoint.before_commit = asyncio.Event()
    first = asyncio.create_task(endpoint.post())
    while not await endpoint.db.pool.fetchval("SELECT count(*) FROM idempotency"):
        await asyncio.sleep(0.01)
    second = await endpoint.post()
    endpoint.before_commit.set()
    assert (second.status_code, second.json()["code"]) == (409, "request_in_progress")
    assert (1 <= int(second.headers["retry-after"]) <= 5, (await first).status_code) == (True, 201)


async def test_of_many_at_once_one_is_carried_out(endpoint: Endpoint) -> None:
    answers = await asyncio.gather(*(endpoint.post() for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await endpoint.effects() == 1


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer nobody"}, {"Content-Type": "text/plain"}])
async def test_what_was_refused_before_execution_leaves_no_trace(
    endpoint: Endpoint, headers: dict[str, str]
) -> None:
    assert (await endpoint.post(**headers)).status_code in {401, 415}
    assert (await endpoint.post()).status_code == 201


REFUSALS = [TakenError(), *(Problem(status, "conflict") for status in (400, 403, 404, 409, 412, 422, 428))]


@pytest.mark.req("U8")
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refusal_that_changed_nothing_is_decided_anew(endpoint: Endpoint, refusal: Exception) -> None:
    endpoint.mood["inside"] = refusal
    assert 400 <= (await endpoint.post()).status_code < 500
    endpoint.mood.clear()
    again = await endpoint.post()
    assert (again.status_code, "idempotency-replayed" in again.headers, await endpoint.effects()) == (201, False, 1)


@pytest.mark.req("U8")
async def test_a_mended_body_may_keep_the_key_of_its_refusal(endpoint: Endpoint) -> None:
    endpoint.mood["inside"] = Problem(422, "outcome_refused")
    await endpoint.post(name="a")
    endpoint.mood.clear()
    assert [(await endpoint.post(name=name)).status_code for name in ("b", "b", "a")] == [201, 201, 422]
    assert await endpoint.effects() == 1


async def test_a_refusal_is_answered_as_before(endpoint: Endpoint) -> None:
    endpoint.mood["inside"] = TakenError()
    answers = [await endpoint.post(), await endpoint.post(None)]
    assert {(a.status_code, a.headers["content-type"], a.json()["code"]) for a in answers} == {
        (409, "application/problem+json", "task_already_taken")
    }


@pytest.mark.parametrize("error", [Problem(409, "conflict"), Problem(404, "not_found"), TakenError()])
async def test_a_refusal_after_something_was_done_is_remembered(endpoint: Endpoint, error: Exception) -> None:
    endpoint.mood["after"] = error
    first = await endpoint.post()
    endpoint.mood.clear()
    second = await endpoint.post()
    assert (second.status_code, second.json(), await endpoint.effects()) == (first.status_code, first.json(), 1)


async def test_what_was_done_is_answered_again_with_any_version(endpoint: Endpoint) -> None:
    first, second = [await endpoint.post(**{"If-Match": f'"{version}"'}) for version in (1, 2)]
    assert (first.status_code, second.json(), second.headers["idempotency-replayed"]) == (201, first.json(), "true")
    assert await endpoint.effects() == 1


@pytest.mark.parametrize("error", [RuntimeError("bug"), ConnectionError(), Problem(429, "too_many_requests")])
async def test_a_failure_of_ours_may_be_tried_again(endpoint: Endpoint, error: Exception) -> None:
    endpoint.mood["inside"] = error
    assert (await endpoint.post()).status_code in {500, 503, 429}
    endpoint.mood.clear()
    assert (await endpoint.post()).status_code == 201


async def test_what_was_committed_is_never_done_again_though_its_answer_was_lost(endpoint: Endpoint) -> None:
    endpoint.mood["after"] = RuntimeError("the process dies here")
    await endpoint.post()
    endpoint.mood.clear()
    await endpoint.db.pool.execute(EXPIRE)
    answer = await endpoint.post()
    assert (answer.status_code, answer.json()["code"]) == (409, "answer_lost")
    assert await endpoint.effects() == 1


async def test_a_crashed_holders_claim_is_taken_over_when_it_expires(endpoint: Endpoint) -> None:
    claim = await crashed_claim(endpoint)
    assert (await endpoint.post()).status_code == 409
    await endpoint.db.pool.execute(EXPIRE)
    assert (await endpoint.post()).status_code == 201
    async with endpoint.db.pool.acquire() as conn:
        with pytest.raises(ClaimLostError):
            await claim.settle(conn)


async def test_a_holder_that_lost_its_claim_cannot_commit(endpoint: Endpoint) -> None:
    endpoint.before_commit = asyncio.Event()
    late = asyncio.create_task(endpoint.post())
    while not await endpoint.db.pool.fetchval("SELECT count(*) FROM idempotency"):
        await asyncio.sleep(0.01)
    await endpoint.db.pool.execute("UPDATE idempotency SET token = gen_random_uuid()")
    endpoint.before_commit.set()
    assert (await late).status_code == 409
    assert await endpoint.effects() == 0


async def test_a_key_is_free_again_after_a_day(endpoint: Endpoint) -> None:
    await endpoint.post()
    await endpoint.db.pool.execute(OLD)
    assert (await endpoint.post(name="other")).status_code == 201


async def test_old_calls_are_purged(endpoint: Endpoint) -> None:
    await endpoint.post()
    await endpoint.db.pool.execute(OLD)
    await endpoint.post("k-2")
    assert await purge_idempotency(endpoint.db.pool) == 1


async def test_a_worker_purges_until_it_stops(endpoint: Endpoint) -> None:
    await endpoint.post()
    await endpoint.db.pool.execute(OLD)
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_idempotency(endpoint.db, stop))
    async with asyncio.timeout(PATIENCE):
        while await endpoint.db.pool.fetchval("SELECT count(*) FROM idempotency"):
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(keeping, PATIENCE)


@pytest.mark.parametrize("key", ["", '""', "x" * 256, 'a"b', "ключ".encode().decode("latin-1")])
async def test_a_malformed_key_is_refused(endpoint: Endpoint, key: str) -> None:
    answer = await endpoint.client.post(
        PATH,
        json={"name": "a"},
        headers={b"Idempotency-Key": key.encode("latin-1"), b"Authorization": f"Bearer {endpoint.token}".encode()},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


async def test_the_declared_table_holds_what_the_code_writes(endpoint: Endpoint) -> None:
    ddl = str(CreateTable(idempotency_table(MetaData())).compile(dialect=POSTGRES)).replace(
        "idempotency", "declared", 1
    )
    await endpoint.db.pool.execute(
        ddl.replace("BLOB", "bytea").replace("DATETIME", "timestamptz").replace("CHAR(32)", "uuid")
    )
    columns = "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_name = $1 ORDER BY 1"
    declared, migrated = [await endpoint.db.pool.fetch(columns, name) for name in ("declared", "idempotency")]
    assert [tuple(row) for row in declared] == [tuple(row) for row in migrated]


async def crashed_claim(endpoint: Endpoint) -> Claim:
    """Do what a process does before it dies: claim, and nothing more."""
    await endpoint.post()
    row = await endpoint.db.pool.fetchrow("DELETE FROM idempotency RETURNING scope, fingerprint")
    assert isinstance(row, asyncpg.Record)
    claim = Claim(row["scope"], "k-1", row["fingerprint"], uuid4())
    assert await claim_or_replay(endpoint.db.pool, claim) is None
    return claim
