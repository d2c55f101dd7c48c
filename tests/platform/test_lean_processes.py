"""What a process of a service does not load: it is memory of eight processes, for nothing that they do."""

import subprocess
import sys

import orjson
import pytest

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.lean import without

#: As `service.run` does: the worker's part, then that of the API.
LOADED = """
import importlib, json, sys
service = importlib.import_module("services.{service}.app")
importlib.import_module("libs.common.platform.worker.runtime")
worker = list(sys.modules)
service.api()
importlib.import_module("libs.common.platform.http.assembly")
print(json.dumps([worker, list(sys.modules)]))
"""
#: Loaded where it is used: to migrate, to send traces, to fetch keys and files.
ANYWHERE = {"alembic", "httpx", "obstore", "opentelemetry.sdk", "psutil", "pygments", "rich", "sqlalchemy.orm"}
OF_APIS = {"fastapi", "uvicorn"}
SEALING = {"intake", "notifications"}  # have secrets in their tables, and keys to open them


@pytest.mark.parametrize("service", SERVICES)
def test_processes_load_nothing_that_they_do_not_use(service: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED.format(service=service)], capture_output=True, check=True)
    worker, api = map(set, orjson.loads(done.stdout))
    apart = OF_APIS if service in SEALING else OF_APIS | {"cryptography", "jwt"}
    assert worker & (ANYWHERE | apart) == set()
    assert api & ANYWHERE == set()


def test_what_was_hidden_can_be_imported_afterwards() -> None:
    name = "this"  # a module that nothing else imports
    sys.modules.pop(name, None)
    with without(name), pytest.raises(ImportError):
        __import__(name)
    assert name not in sys.modules


def test_what_is_loaded_already_stays() -> None:
    with without("json"):
        import json
    assert json.loads("1") == 1
