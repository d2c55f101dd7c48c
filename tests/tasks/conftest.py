"""Fixtures of the tasks service."""

from collections.abc import AsyncIterator

import pytest_asyncio

from libs.common.platform.db import Database
from tests.tasks.client import Api, api_of
from tests.tasks.desk import Desk, lead_v2
from tests.tasks.live import Live, running
from tests.tasks.visits import ORDER, PARTNER_ID, SALON, Salon, partner


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


@pytest_asyncio.fixture
async def live(desk: Desk) -> AsyncIterator[Live]:
    """The service on a real socket, with streams of its own."""
    async with running(desk) as served:
        yield served


@pytest_asyncio.fixture
async def salon(desk: Desk, api: Api) -> Salon:
    await desk.activate_playbook(SALON)
    await desk.receive(partner())
    lead = lead_v2("salon", partner_id=PARTNER_ID, order=ORDER)
    await desk.receive(lead)
    return Salon(desk, api, lead)
