"""Every column that could hold a person's data is one that an erasure empties, or is said to hold none."""

from importlib import import_module

import pytest
from sqlalchemy import ARRAY, Column, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.erasure.places import Place, Waiting


def words_of(service: str) -> set[str]:
    """Return the columns of a service's schema that can hold words."""
    tables = import_module(f"services.{service}.schema").metadata.tables.values()
    return {f"{table.name}.{column.name}" for table in tables for column in table.columns if holds_words(column)}


def holds_words(column: Column[object]) -> bool:
    kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    return isinstance(kind, Text | JSONB | LargeBinary)


def emptied(service: str) -> set[str]:
    found = set[str]()
    for place in import_module(f"services.{service}.erasures.places").PLACES:
        if isinstance(place, Place) and not place.sets:
            found |= {name for name in words_of(service) if name.startswith(f"{place.table}.")}
        names = place.columns if isinstance(place, Waiting) else place.sets
        found |= {f"{place.table}.{column}" for column in names}
    return found


def said_to_have_none(service: str) -> set[str]:
    lists = import_module(f"services.{service}.erasures.places").NOT_PERSONAL
    return {f"{table}.{column}" for table, columns in lists.items() for column in columns.split()}


@pytest.mark.req("P.7")
@pytest.mark.parametrize("service", SERVICES)
def test_every_column_of_words_is_emptied_or_said_to_have_no_personal_data(service: str) -> None:
    assert words_of(service) - emptied(service) - said_to_have_none(service) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_no_column_is_both_and_none_is_forgotten_in_the_lists(service: str) -> None:
    assert said_to_have_none(service) - (words_of(service) - emptied(service)) == set()
