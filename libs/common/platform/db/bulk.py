"""Many rows in one statement: columns with their types, and how each value is read from a record.

A column is declared once, so its position, its type and its value always agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

R = TypeVar("R")

Column: TypeAlias = tuple[str, str, Callable[[R], object]]  # name, type of one element, getter


@dataclass(frozen=True, slots=True)
class Bulk(Generic[R]):
    """The columns that a statement takes as arrays; `table` is where `insert` puts them.

    A JSON list is given as a tuple: within an array the driver takes a list for another dimension.
    """

    table: str
    columns: tuple[Column[R], ...]

    @property
    def names(self) -> str:
        return ", ".join(name for name, _, _ in self.columns)

    def insert(self) -> str:
        return f"INSERT INTO {self.table} ({self.names}) SELECT {self.names} FROM {self.source()}"  # noqa: S608 - names of our own

    def source(self) -> str:
        """Return the `unnest` of all columns as `n`."""
        return f"unnest({self.parameters()}) AS n({self.names})"

    def parameters(self, first: int = 1) -> str:
        """Return the arrays as parameters from `first` on, for a statement with an `unnest` of its own."""
        return ", ".join(f"${i}::{kind}[]" for i, (_, kind, _) in enumerate(self.columns, first))

    def scalars(self, **renamed: str) -> str:
        """Return the columns as parameters of one record, each by its name or another."""
        named = (f"${i}::{kind} AS {renamed.get(name, name)}" for i, (name, kind, _) in enumerate(self.columns, 1))
        return ", ".join(named)

    def values(self, record: R) -> list[object]:
        """Return the values of one record, for `scalars`."""
        return [read(record) for _, _, read in self.columns]

    def only(self, *names: str) -> "Bulk[R]":
        """Return some of the columns, in the order of `names`. Raises KeyError."""
        known = {column[0]: column for column in self.columns}
        return Bulk(self.table, tuple(known[name] for name in names))

    def arrays(self, records: Sequence[R]) -> list[list[object]]:
        if len(records) == 1:  # one record, the usual case: half the time of `zip`
            [record] = records
            return [[read(record)] for _, _, read in self.columns]
        return [list(map(read, records)) for _, _, read in self.columns]
