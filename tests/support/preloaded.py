"""What every process of the product imports; `forked` forks them from one that has done so."""

import importlib

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.garbage import calm_collector

for service in SERVICES:
    importlib.import_module(f"services.{service}.app").api()
for module in (
    "libs.common.platform.http.assembly",
    "libs.common.platform.worker.runtime",
    "deploy.standins.__main__",
):
    importlib.import_module(module)
calm_collector()
