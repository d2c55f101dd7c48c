"""A running intake on a real database."""

import pytest_asyncio
from pydantic import SecretStr

from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.sealing.keys import new_key
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from services.intake.context import Context
from services.intake.settings import IntakeSettings
from tests.intake.api import NOW, Api


@pytest_asyncio.fixture
async def ctx(intake_db: Database) -> Context:
    keys = SecretStr(new_key("tests"))
    settings = IntakeSettings(postgres_url=intake_db.config.url, data_keys=keys)
    core = Core("intake", settings, intake_db, ManualClock(NOW), Tracing("intake"), new_registry())
    return Context.of(core, settings)


@pytest_asyncio.fixture
async def api(ctx: Context) -> Api:
    """The service without any source."""
    return Api(ctx)
