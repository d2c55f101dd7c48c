"""What a process of a service does not load: it is memory of eight processes, for nothing that they do."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

import orjson
import pytest

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.lean import without
from tests.support.remembered import remembered_of_code

#: As `service.run` does: the worker's part, then that of the API; what all workers load once, before the forks.
LOADED = f"""
import importlib, json, os, sys
importlib.import_module("libs.common.platform.worker.runtime")
for name in {SERVICES}:
    if os.fork() == 0:
        service = importlib.import_module(f"services.{{name}}.app")
        worker = list(sys.modules)
        service.api()
        importlib.import_module("libs.common.platform.http.assembly")
        print(json.dumps([name, worker, list(sys.modules)]), flush=True)
        os._exit(0)
    os.wait()
"""
#: Loaded where it is used: to migrate, to send traces, to fetch keys and files.
ANYWHERE = {"alembic", "httpx", "obstore", "opentelemetry.sdk", "psutil", "pygments", "rich", "sqlalchemy.orm"}
OF_APIS = {"fastapi", "uvicorn"}
SEALING = {"intake", "notifications"}  # have secrets in their tables, and keys to open them


Loaded = Sequence[tuple[str, Sequence[str], Sequence[str]]]


@pytest.fixture(scope="module")
def loaded(pytestconfig: pytest.Config) -> Mapping[str, tuple[set[str], set[str]]]:
    """What the worker, and with it the API, of each service loads."""
    found = remembered_of_code(getattr(pytestconfig, "cache", None), "code/loaded", load, __file__)
    return {name: (set(worker), set(api)) for name, worker, api in found}


def load() -> Loaded:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    return [orjson.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("service", SERVICES)
def test_processes_load_nothing_that_they_do_not_use(
    loaded: Mapping[str, tuple[set[str], set[str]]], service: str
) -> None:
    worker, api = loaded[service]
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
