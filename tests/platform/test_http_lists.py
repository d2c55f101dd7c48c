"""Every list can be narrowed to one desk, at every service (U12)."""

from typing import Any

import pytest

from deploy.documents.made import committed
from libs.common.platform.db.roles import SERVICES

Json = dict[str, Any]  # a document is read as it is
#: Lists that need no desk: of desks themselves, of one lead, and of the caller's own.
ELSE = {"/tasks/v1/desks", "/tasks/v1/timeline", "/notifications/v1/feed"}


def lists(service: str) -> dict[str, set[str]]:
    """Return the lists of a service that are not of one thing alone, each with its parameters."""
    document: Json = committed(service)  # what the code says: tests/contracts/test_openapi.py
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
