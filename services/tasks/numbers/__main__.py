"""`python -m services.tasks.numbers`: make the numbers of all desks anew from what their leads count for.

Prints each desk with how many rows were wrong. Workers count nothing meanwhile, and go on by themselves.
"""

import asyncio
import sys

from libs.common.platform.core import open_core
from libs.common.platform.settings import SettingsError
from services.tasks.context import open_context
from services.tasks.numbers.actions import rebuild_all
from services.tasks.settings import TasksSettings


async def _run(settings: TasksSettings) -> None:
    async with open_core("tasks", settings) as core, open_context(core, settings) as ctx:
        for desk, wrong in (await rebuild_all(ctx)).items():
            sys.stdout.write(f"{desk}\t{wrong} rows were wrong\n")


def main() -> int:
    """Return 0 when done, 1 without settings."""
    try:
        settings = TasksSettings.load()
    except SettingsError as error:
        sys.stderr.write(f"tasks: {error}\n")
        return 1
    asyncio.run(_run(settings))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
