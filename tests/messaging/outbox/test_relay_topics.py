"""One relay serves all topics of its service: the type decides, the order of a key stays (docs/adr/0007)."""

from libs.common.contracts import REGISTRY, Outgoing, Topic, routes
from libs.common.contracts.assignment import OperatorChanged, ShiftStarted, WorkWaiting
from libs.common.contracts.envelope import Cause
from libs.common.messaging.bus import Message
from libs.common.platform.ids import uuid7
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import NOON, Stack, emit, eventually, running, status_event

ROUTES = routes("assignment", "test")


def shift(key: str = "operator:1") -> Outgoing:
    data = ShiftStarted(operator_id=uuid7(), at=NOON)
    return Outgoing(key=key, desk="demo", time=NOON, data=data, cause=Cause.fresh())


def waiting() -> Outgoing:
    data = WorkWaiting(task_id=uuid7(), lead_id=uuid7(), pool="main", decision_id=uuid7(), candidates=())
    return Outgoing(key=f"lead:{data.lead_id}", desk="demo", time=NOON, data=data, cause=Cause.fresh())


async def drain(stack: Stack) -> None:
    stack.topic = "test.assignment"
    async with running(stack.relay(routes=ROUTES).run):
        await eventually(stack.outbox_empty)


def sequences(memory: MemoryBus, topic: str) -> list[int]:
    return [int(dict(record.headers)["ce_sequence"]) for record in memory.records(topic)]


def test_every_type_goes_to_a_topic_of_its_owner() -> None:
    assert {model.topic.owner == model.owner for model in REGISTRY.values()} == {True}


def test_operators_and_shifts_travel_apart_from_work() -> None:
    assert ROUTES[OperatorChanged.event_type] == ROUTES[ShiftStarted.event_type] == f"test.{Topic.PEOPLE}"
    assert ROUTES[WorkWaiting.event_type] == "test.assignment"


async def test_each_event_leaves_by_the_topic_of_its_type(stack: Stack, memory: MemoryBus) -> None:
    await emit(stack.db, [shift(), waiting(), shift(), waiting()])
    await drain(stack)
    assert sequences(memory, "test.people") == [1, 2]
    assert sequences(memory, "test.assignment") == [1, 1]


async def test_a_type_of_a_later_release_leaves_by_the_services_own_topic(stack: Stack, memory: MemoryBus) -> None:
    await emit(stack.db, [status_event("lead:1", "unknown to assignment")])
    await drain(stack)
    assert sequences(memory, "test.assignment") == [1]


async def test_a_topic_that_fails_keeps_its_events_and_the_others_are_not_sent_twice(
    stack: Stack, memory: MemoryBus
) -> None:
    refused = iter([True])
    memory.refuse = lambda message: _is_shift(message) and next(refused, False)
    await emit(stack.db, [waiting(), shift(), waiting(), shift()])
    await drain(stack)
    assert sequences(memory, "test.people") == [1, 2]
    assert sequences(memory, "test.assignment") == [1, 1]


def _is_shift(message: Message) -> bool:
    return message.key == b"operator:1"
