"""Every list can be narrowed to one desk, at every service (U12)."""

from importlib import import_module

import pytest

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.assembly import build_api
from libs.common.testkit.issuer import TokenIssuer

#: Lists that need no desk: of desks themselves, of one lead, and of the caller's own.
ELSE = {"/tasks/v1/desks", "/tasks/v1/timeline", "/notifications/v1/feed"}


def lists(service: str) -> dict[str, set[str]]:
    """Return the lists of a service that are not of one thing alone, each with its parameters."""
    api = build_api(import_module(f"services.{service}.app").SERVICE, TokenIssuer.generate().verifier())
    document = api.openapi()
    shared = {
        f"#/components/parameters/{name}": one["name"] for name, one in document["components"]["parameters"].items()
    }
    reads = {path: each["get"] for path, each in document["paths"].items() if "get" in each and "{" not in path}
    found = {
        path: {each.get("name") or shared[each["$ref"]] for each in read.get("parameters", ())}
        for path, read in reads.items()
    }
    return {path: names for path, names in found.items() if "cursor" in names}


@pytest.mark.req("U12")
@pytest.mark.parametrize("service", SERVICES)
def test_every_list_can_be_narrowed_to_a_desk(service: str) -> None:
    assert {path for path, names in lists(service).items() if "desk" not in names} <= ELSE
