"""Fixtures of the tasks service."""

from collections.abc import AsyncIterator

import pytest_asyncio

from libs.common.platform.db import Database
from tests.tasks.client import Api, api_of
from tests.tasks.desk import Desk


@pytest_asyncio.fixture
async def desk(tasks_db: Database) -> AsyncIterator[Desk]:
    """A desk with both shipped playbooks and two operators."""
    async with Desk.opened(tasks_db) as opened:
        yield opened


@pytest_asyncio.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    """The service over HTTP, on the same database as `desk`."""
    async with api_of(desk) as http:
        yield Api(http)
