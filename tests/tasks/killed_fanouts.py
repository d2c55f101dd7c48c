"""A process of its own that carries out fan-outs, to be killed at a fault point: `python -m … URL`."""

import asyncio
import sys

from pydantic import SecretStr

from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.db.database import DatabaseConfig
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from services.tasks.context import Context
from services.tasks.fanouts.actions import carry_out, spread
from services.tasks.settings import TasksSettings
from tests.tasks.support import START


async def main(url: str) -> None:
    """Write and carry out commands in small steps until there is nothing left."""
    settings = TasksSettings(postgres_url=SecretStr(url))
    db = await Database.connect(DatabaseConfig(url, "tasks"))
    ctx = Context.of(Core("tasks", settings, db, ManualClock(START), Tracing("tasks"), new_registry()), settings)
    while await spread(ctx, page=40) or await carry_out(ctx, 20):
        pass
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
