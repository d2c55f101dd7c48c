"""The whole way on a real broker and a real database, each service as two processes of its own."""

from collections import Counter

import asyncpg
import pytest

from deploy.local.kafka import EmbeddedKafka
from tests.support.checks import incomplete, violations
from tests.support.customers import Customers
from tests.support.facts import Answered
from tests.support.settle import facts_of
from tests.support.stack import ProcessStack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

OTHERS = [f"{service}-{part}" for service in ("tasks", "assignment", "notifications") for part in ("api", "worker")]


@pytest.mark.req("P.1", "S2.1", "S0.3")
async def test_each_of_200_orders_gets_one_task_one_operator_and_one_message(
    stack: ProcessStack, customers: Customers
) -> None:
    await customers.post_many(200)
    facts = await facts_of(stack, Answered(customers.lead_ids()))
    mine = set(customers.lead_ids())
    spread = Counter(task.operator_id for task in facts.tasks if task.lead_id in mine).values()
    assert violations(facts) + incomplete(facts, mine) == []
    assert (len(mine), max(spread) - min(spread) <= 1) == (200, True)


@pytest.mark.req("P.1")
async def test_intake_accepts_while_the_others_are_stopped_and_they_catch_up(
    stack: ProcessStack, customers: Customers
) -> None:
    await stack.halt(*OTHERS)
    await customers.post_many(30)
    for name in OTHERS:
        await stack.start_process(name)
    await stack.until_ready(*OTHERS)
    facts = await facts_of(stack, Answered(customers.lead_ids()))
    assert violations(facts) + incomplete(facts, customers.lead_ids()) == []
    assert len(set(customers.lead_ids())) == 30


@pytest.mark.req("P.1")
async def test_intake_accepts_while_kafka_is_stopped_and_all_catch_up(
    stack: ProcessStack, customers: Customers, own_kafka: EmbeddedKafka
) -> None:
    own_kafka.stop()
    await customers.post_many(30)
    own_kafka.start()
    facts = await facts_of(stack, Answered(customers.lead_ids()))
    assert violations(facts) + incomplete(facts, customers.lead_ids()) == []
    assert len(set(customers.lead_ids())) == 30


@pytest.mark.req("P.1", "P.2")
async def test_the_same_order_again_is_the_same_lead(stack: ProcessStack, customers: Customers) -> None:
    order = {"external_id": "twice", "name": "Анна", "phone": "+79000000777"}
    headers = {"X-Source-Token": customers.desk.landing_token}
    path = customers.desk.landing_url.removeprefix("http://stack")
    answers = [(await stack.client.post(path, json=order, headers=headers)).json() for _ in range(2)]
    assert answers[0]["lead_id"] == answers[1]["lead_id"]
    assert [answer["disposition"] for answer in answers] == ["accepted", "repeat"]


async def test_no_service_reads_anothers_schema(stack: ProcessStack) -> None:
    conn = await asyncpg.connect(stack.database.url("notifications"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetch("SELECT * FROM intake.lead")
    finally:
        await conn.close()
