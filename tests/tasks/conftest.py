"""Fixtures of the tasks service."""

from collections.abc import AsyncIterator

import pytest_asyncio

from libs.common.platform.db import Database
from tests.tasks.client import Api, api_of
from tests.tasks.world import World


@pytest_asyncio.fixture
async def world(tasks_db: Database) -> AsyncIterator[World]:
    """A furnished desk with both shipped playbooks and two operators."""
    async with World.opened(tasks_db) as opened:
        yield opened


@pytest_asyncio.fixture
async def api(world: World) -> AsyncIterator[Api]:
    """The service over HTTP, on the same database as `world`."""
    async with api_of(world) as http:
        yield Api(http)
