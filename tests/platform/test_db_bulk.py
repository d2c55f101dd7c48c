"""Many rows in one statement."""

from dataclasses import dataclass
from operator import attrgetter

import pytest

from libs.common.platform.db import Database
from libs.common.platform.db.bulk import Bulk


@dataclass(frozen=True)
class Person:
    name: str
    age: int | None


PEOPLE: Bulk[Person] = Bulk(
    "person",
    (
        ("name", "text", attrgetter("name")),
        ("age", "int", attrgetter("age")),
        ("called", "text", lambda person: person.name.upper()),
    ),
)
RECORDS = [Person("Anna", 30), Person("Boris", None)]


async def test_records_become_rows(messaging_db: Database) -> None:
    async with messaging_db.begin() as tx:
        await tx.conn.execute("CREATE TEMPORARY TABLE person (called text, name text, age int) ON COMMIT DROP")
        await tx.conn.execute(PEOPLE.insert(), *PEOPLE.arrays(RECORDS))
        rows = await tx.conn.fetch("SELECT name, age, called FROM person ORDER BY name")
    assert [tuple(row) for row in rows] == [("Anna", 30, "ANNA"), ("Boris", None, "BORIS")]


async def test_a_statement_takes_some_columns_behind_its_own_parameters(messaging_db: Database) -> None:
    some = PEOPLE.only("called", "age")
    statement = (
        f"SELECT $1::text AS town, * FROM unnest({some.parameters(2)}) WITH ORDINALITY AS n({some.names}, n)"
    )
    rows = await messaging_db.pool.fetch(statement, "Riga", *some.arrays(RECORDS))
    assert [tuple(row) for row in rows] == [("Riga", "ANNA", 30, 1), ("Riga", "BORIS", None, 2)]


def test_an_undeclared_column_is_refused() -> None:
    with pytest.raises(KeyError):
        PEOPLE.only("name", "height")


def test_no_records_are_empty_arrays() -> None:
    assert PEOPLE.arrays([]) == [[], [], []]
