"""Commands of a service that is not notifications: leased, fenced, repeated as the other side allows, ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.connect.command.store import Claim, CommandStore, Expired, Limits, Policy, Result
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from tests.connect.conftest import ERRANDS

STORE = CommandStore(ERRANDS)
LIMITS = Limits(4, timedelta(seconds=1))
REMEMBERS = Policy("careful", timedelta(seconds=4), timedelta(seconds=8))
FORGETS = Policy("forgetful", timedelta(0), timedelta(seconds=8))
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASS = "UPDATE errand SET due_at = due_at - $1::interval, offered_at = offered_at - $1::interval"


class Errands:
    """One place of a kind, and the errands to it."""

    def __init__(self, db: Database, policy: Policy) -> None:
        self.db, self.policy, self.place = db, policy, uuid7()

    async def open(self) -> "Errands":
        await self.db.pool.execute(
            "INSERT INTO place VALUES ($1, 'demo', 'main', $2, $2, 1000, true, NULL, NULL, 1)",
            self.place,
            self.policy.kind,
        )
        await self.db.pool.execute("INSERT INTO pace VALUES ($1, clock_timestamp())", self.policy.kind)
        return self

    async def write(self, count: int = 1, expires_at: datetime | None = None) -> None:
        for _ in range(count):
            await self.db.pool.execute(
                "INSERT INTO errand (id, place_id, number, what, state, due_at, tries, expires_at)"
                " VALUES ($1, $2, 1, 'call', 'pending', clock_timestamp(), 0, $3)",
                uuid7(), self.place, expires_at,
            )  # fmt: skip

    async def claim(self, now: datetime = NOW, policy: Policy | None = None) -> Sequence[Claim[str]]:
        policy = policy or self.policy
        async with self.db.begin() as tx:
            token, rows = await STORE.claim(tx, {}, LIMITS, [policy], now)
            await tx.commit()
        return [
            Claim(
                row["id"],
                token,
                row["queue_id"],
                row["account"],
                policy,
                row["number"],
                row["doubtful"],
                row["what"],
            )
            for row in rows
        ]

    async def settle(self, claim: Claim[str], outcome: Outcome) -> Sequence[Result[str]]:
        async with self.db.begin() as tx:
            held = await STORE.record(tx, [Result(claim, outcome)], NOW)
            await STORE.slow_down(tx, held)
            await tx.commit()
        return held

    async def expire(self, now: datetime = NOW) -> Expired:
        async with self.db.begin() as tx:
            found = await STORE.expire(tx, [self.policy], "too_late", now)
            await tx.commit()
        return found

    async def wait(self, seconds: float) -> None:
        """Let technical time pass."""
        await self.db.pool.execute(PASS, timedelta(seconds=seconds))

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.db.pool.fetch("SELECT state FROM errand ORDER BY id")]


@pytest.fixture
async def careful(errands_db: Database) -> Errands:
    return await Errands(errands_db, REMEMBERS).open()


@pytest.fixture
async def forgetful(errands_db: Database) -> Errands:
    return await Errands(errands_db, FORGETS).open()


async def test_a_claim_carries_what_the_service_asked_for(careful: Errands) -> None:
    await careful.write()
    (claim,) = await careful.claim()
    assert (claim.details, claim.doubtful, claim.queue_id) == ("call", False, careful.place)


async def test_a_queue_of_an_unknown_kind_is_left_alone(careful: Errands) -> None:
    await careful.write()
    assert await careful.claim(policy=replace(REMEMBERS, kind="other")) == []


async def test_a_call_whose_worker_died_is_repeated_while_the_other_side_remembers(careful: Errands) -> None:
    await careful.write()
    await careful.claim()
    await careful.wait(2)
    (again,) = await careful.claim()
    assert again.doubtful


async def test_a_call_whose_worker_died_is_never_repeated_where_it_would_be_a_second_call(
    forgetful: Errands,
) -> None:
    await forgetful.write()
    await forgetful.claim()
    await forgetful.wait(2)
    assert await forgetful.claim() == []
    await forgetful.expire()
    assert (await forgetful.claim(), await forgetful.states()) == ([], ["waiting"])


async def test_a_call_that_stays_without_an_answer_ends_as_unknown(forgetful: Errands) -> None:
    await forgetful.write()
    (claim,) = await forgetful.claim()
    await forgetful.settle(claim, Outcome(Verdict.WAIT, "no_answer"))
    assert (await forgetful.expire()).unknown == []
    await forgetful.wait(9)
    assert (await forgetful.expire()).unknown == [claim.command_id]
    assert await forgetful.states() == ["unknown"]


async def test_a_result_is_fenced_by_the_token_of_its_claim(careful: Errands) -> None:
    await careful.write()
    (first,) = await careful.claim()
    await careful.wait(2)
    await careful.claim()
    assert await careful.settle(first, Outcome(Verdict.REFUSED, "BAD")) == []
    assert await careful.states() == ["sending"]


async def test_an_id_of_the_other_side_is_taken_from_whoever_brings_it(careful: Errands) -> None:
    await careful.write()
    (first,) = await careful.claim()
    await careful.wait(2)
    await careful.claim()
    assert len(await careful.settle(first, Outcome(Verdict.ACCEPTED, external_id="m"))) == 1
    assert await careful.states() == ["accepted"]


async def test_a_long_pause_is_business_time_and_is_over_when_the_clock_says_so(careful: Errands) -> None:
    await careful.write()
    (claim,) = await careful.claim()
    await careful.settle(claim, Outcome(Verdict.PAUSE, "CAP", delay=86_400))
    await careful.expire(NOW + timedelta(hours=23))
    before = await careful.states()
    await careful.expire(NOW + timedelta(hours=25))
    assert (before, await careful.states(), len(await careful.claim())) == (["held"], ["pending"], 1)


async def test_a_short_pause_holds_up_its_command_and_not_the_account(careful: Errands) -> None:
    await careful.write(2)
    first, _ = await careful.claim()
    await careful.settle(first, Outcome(Verdict.PAUSE, "PAIR", delay=6))
    await careful.write()
    assert len(await careful.claim()) == 1


async def test_a_command_whose_time_is_over_before_its_call_ends_with_the_code_given(careful: Errands) -> None:
    await careful.write(expires_at=NOW)
    assert await careful.claim(NOW + timedelta(seconds=1)) == []
    found = await careful.expire(NOW + timedelta(seconds=1))
    row = await careful.db.pool.fetchrow("SELECT state, code FROM errand")
    assert row is not None
    assert (len(found.late), tuple(row)) == (1, ("refused", "too_late"))


async def test_a_halted_queue_is_named_once_and_claims_nothing(careful: Errands) -> None:
    await careful.write()
    async with careful.db.begin() as tx:
        named = [await STORE.halt(tx, {careful.place: "NO_MONEY"}, NOW) for _ in range(2)]
        await tx.commit()
    assert ([len(found) for found in named], await careful.claim()) == ([1, 0], [])


async def test_queues_of_different_kinds_keep_their_own_rules(careful: Errands, errands_db: Database) -> None:
    other = await Errands(errands_db, FORGETS).open()
    for errands in (careful, other):
        await errands.write()
        await errands.claim()
    await careful.wait(2)
    async with errands_db.begin() as tx:
        _, rows = await STORE.claim(tx, {}, LIMITS, [REMEMBERS, FORGETS], NOW)
    assert [UUID(int=row["queue_id"].int) for row in rows] == [careful.place]
