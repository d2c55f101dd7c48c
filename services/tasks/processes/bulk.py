"""Many rows in one statement: columns with their types, and how each value is read from a record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Bulk(Generic[R]):
    """The columns of one table: name, array element type, getter."""

    table: str
    columns: tuple[tuple[str, str, Callable[[R], object]], ...]

    def insert(self) -> str:
        """Return an INSERT of all columns from arrays."""
        names = ", ".join(name for name, _, _ in self.columns)
        return f"INSERT INTO {self.table} ({names}) SELECT {names} FROM {self.source()}"  # noqa: S608 - names of our own

    def source(self) -> str:
        """Return the `unnest` of all columns as `n`."""
        names = ", ".join(name for name, _, _ in self.columns)
        arrays = ", ".join(f"${i}::{kind}[]" for i, (_, kind, _) in enumerate(self.columns, 1))
        return f"unnest({arrays}) AS n({names})"

    def arrays(self, records: Sequence[R]) -> list[list[object]]:
        """Return one array per column."""
        return [[read(record) for record in records] for _, _, read in self.columns]
