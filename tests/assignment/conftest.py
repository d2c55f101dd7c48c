"""Fixtures of the assignment service on a real database."""

import pytest_asyncio

from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from services.assignment.context import Context
from services.assignment.settings import AssignmentSettings
from tests.assignment.desk import Desk
from tests.assignment.operators import NOW


@pytest_asyncio.fixture
async def ctx(assignment_db: Database) -> Context:
    settings = AssignmentSettings(postgres_url=assignment_db.config.url)
    clock, tracing = ManualClock(NOW), Tracing("assignment")
    core = Core("assignment", settings, assignment_db, clock, tracing, new_registry())
    return Context.of(core, settings)


@pytest_asyncio.fixture
async def desk(ctx: Context) -> Desk:
    """A desk with an empty pool `callback`."""
    desk = Desk(ctx)
    await desk.make_pool("callback")
    return desk
