"""One stack of eight service processes for the whole folder and no longer, on servers that tests may stop."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from deploy.demo.desk import DemoDesk
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import free_port
from libs.common.testkit.database import StackDatabase, database_copy
from libs.common.testkit.otlp import TraceReceiver, trace_receiver
from tests.support.customers import Customers, make_room
from tests.support.stack import ProcessStack, process_stack

#: A call that a kill cut off is unknown after this, not after its provider's ten minutes (a mail relay's hour): the
#: tests move the clock of business, and this one is the machine's.
PATIENCE = {"NOTIFICATIONS_UNKNOWN_AFTER": "100"}


@pytest.fixture(scope="package")
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A broker that tests stop and start as they like."""
    with tempfile.TemporaryDirectory(prefix="dozvon-e2e-") as folder:
        broker = EmbeddedKafka(Path(folder) / "kafka")
        broker.start()
        yield broker
        broker.stop()


@pytest_asyncio.fixture(scope="package")
async def traces() -> AsyncIterator[TraceReceiver]:
    """The collector that all processes of the stack send their spans to."""
    async with trace_receiver(free_port()) as receiver:
        yield receiver


@pytest_asyncio.fixture(scope="package")
async def stack(
    postgres_url: str,
    template_db: StackDatabase,
    own_kafka: EmbeddedKafka,
    traces: TraceReceiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[ProcessStack]:
    """Eight processes, not yet started, on a database of their own."""
    async with database_copy(postgres_url, template_db) as database:
        home, env = tmp_path_factory.mktemp("stack"), {"OTLP_ENDPOINT": traces.endpoint, **PATIENCE}
        async with process_stack(ProcessStack(home, database, own_kafka.url, "e2e", env=env)) as running:
            yield running


@pytest_asyncio.fixture(scope="package")
async def desk(stack: ProcessStack) -> DemoDesk:
    """The demo desk, with room for all the work of the folder."""
    made = await stack.start()
    await make_room(stack)
    return made


@pytest.fixture
async def admin(stack: ProcessStack, desk: DemoDesk) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token of an administrator of all desks."""
    del desk
    async with stack.administrator() as client:
        yield client


@pytest.fixture
def customers(stack: ProcessStack, desk: DemoDesk, request: pytest.FixtureRequest) -> Customers:
    """Customers whose order numbers are this test's own."""
    return Customers(stack.client, desk, request.node.name)
