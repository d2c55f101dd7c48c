"""Schemathesis over the four documents and the running product: it must find nothing."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from libs.common.platform.db.roles import SERVICES
from libs.common.testkit.database import StackDatabase, database_copy
from tests.support.customers import Customers
from tests.support.stack import ProcessStack, process_stack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
# A stream does not end; tests of its service hold it to its document.
STREAMS = ["stream_feed", "stream_tasks"]
# Their bodies hold events as services publish them, and they are read as events are: `false` is a number there, and
# what no reader knows may hold anything.
EVENTS_INSIDE = ["rehearse_lead", "rehearse_message"]
# What all services serve by the same code is tried at one of them.
SHARED = (
    "list_{}_filters", "save_{}_filter", "get_{}_filter", "change_{}_filter", "delete_{}_filter",
    "list_{}_attention", "list_{}_dead_letters", "get_{}_dead_letter", "retry_{}_dead_letter",
    "discard_{}_dead_letter",
)  # fmt: skip


@pytest_asyncio.fixture(scope="package")
async def stack(
    postgres_url: str,
    template_db: StackDatabase,
    kafka_bootstrap: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[ProcessStack]:
    """The product with the demo desk and some orders that are under way."""
    async with database_copy(postgres_url, template_db) as database:
        home = tmp_path_factory.mktemp("fuzz")
        async with process_stack(ProcessStack(home, database, kafka_bootstrap, "fuzz")) as running:
            desk = await running.start()
            await Customers(running.client, desk, "fuzz").post_many(10)
            yield running


async def found(stack: ProcessStack, service: str, folder: Path) -> str:
    """Run Schemathesis as an operator who administers too; return what it found, empty for nothing."""
    token = stack.issuer.token("maria", ["operator", "admin"], ["demo"])
    tried_elsewhere = [name.format(service) for name in SHARED] if service != SERVICES[0] else []
    left_out = (*STREAMS, *EVENTS_INSIDE, *tried_elsewhere)
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        "--config-file", ROOT / "tests" / "fuzz" / "schemathesis.toml",
        "run", f"http://127.0.0.1:{stack.ports[f'{service}-api']}/{service}/openapi.json",
        "--header", f"Authorization: Bearer {token}", "--no-color", "--warnings", "off",
        *(word for name in left_out for word in ("--exclude-operation-id", name)),
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said.decode() if process.returncode else ""


@pytest.mark.req("U25", "U29", "U30", "U34")
@pytest.mark.parametrize("service", SERVICES)
async def test_schemathesis_finds_nothing(stack: ProcessStack, service: str, tmp_path: Path) -> None:
    if said := await found(stack, service, tmp_path):
        pytest.fail(said, pytrace=False)
