"""One stack for the folder, with one thing of every kind."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from libs.common.testkit.database import StackDatabase, database_copy
from tests.roles.world import World
from tests.support.stack import ProcessStack, process_stack


@pytest_asyncio.fixture(scope="package")
async def world(
    postgres_url: str,
    template_db: StackDatabase,
    kafka_bootstrap: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """The demo desk with orders under way."""
    async with database_copy(postgres_url, template_db) as database:
        home, topics = tmp_path_factory.mktemp("roles"), f"roles-{uuid4().hex[:8]}"
        async with process_stack(ProcessStack(home, database, kafka_bootstrap, topics)) as running:
            made = World(running)
            await made.populate()
            yield made
