"""What routes depend on is awaited where it stands: of anything else FastAPI makes a visit to a thread."""

import inspect
from importlib import import_module

import pytest
from fastapi.routing import APIRoute

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.assembly import build_api
from libs.common.platform.http.routes import parts_of


def is_awaited(call: object) -> bool:
    """Return whether a function, or what has `__call__`, is called without a thread."""
    called = call if inspect.isroutine(call) else type(call).__call__
    return inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called)


@pytest.mark.parametrize("service", SERVICES)
def test_no_dependency_of_a_route_runs_in_a_thread(service: str) -> None:
    api = build_api(import_module(f"services.{service}.app").SERVICE, None)
    parts = [part for route in api.routes if isinstance(route, APIRoute) for part in parts_of(route.dependant)]
    assert len(parts) > len(api.routes)
    assert [part.call for part in parts if not is_awaited(part.call)] == []
