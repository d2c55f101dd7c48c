"""The one member of a desk file that three services have a part of: how long what names persons is kept (P.7)."""

from importlib import import_module

import pytest

from libs.common.deskfile.reading import Document
from libs.common.deskfile.services import KINDS, joined, part_of, unknown_members

pytestmark = pytest.mark.req("P.7")

FILE: Document = {"desk": "demo", "title": "x", "retention": {"comments": 30, "callbacks": None, "deliveries": 90}}


@pytest.mark.parametrize("service", KINDS)
def test_the_command_knows_what_each_service_keeps(service: str) -> None:
    schemas = import_module(f"services.{service}.erasures.schemas")
    model = getattr(schemas, f"{service.title()}Retention")
    assert tuple(model.model_fields) == KINDS[service]


def test_each_service_gets_its_kinds_and_one_of_which_nothing_is_said_keeps_all() -> None:
    parts = {service: part_of(service, FILE).get("retention") for service in ("tasks", "assignment", *KINDS)}
    assert parts == {
        "tasks": {"comments": 30}, "assignment": None, "notifications": {"callbacks": None},
        "intake": {"deliveries": 90},
    }  # fmt: skip


def test_a_file_without_it_leaves_all_as_it_is() -> None:
    assert [part_of(service, {"desk": "demo"}) for service in KINDS] == [{}, {}, {}]


def test_what_services_export_is_one_member_again() -> None:
    parts = [part_of(service, FILE) for service in ("tasks", "assignment", "notifications", "intake")]
    assert {"desk": "demo", **joined(parts)} == FILE


def test_a_kind_that_no_service_keeps_is_named_with_its_place() -> None:
    assert unknown_members({"retention": {"comments": 1, "photos": 1}, "wishes": {}}) == [
        "wishes",
        "retention/photos",
    ]


def test_what_is_no_table_of_days_is_for_the_services_to_refuse() -> None:
    assert part_of("tasks", {"retention": "no"}) == {"retention": "no"}
