"""What lasts for a span of an operator's time: the filter that its lists share."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Table, and_, true


@dataclass(frozen=True, slots=True)
class SpanFilter:
    """Filter of spans; None does not filter. Those that overlap the time from `since` to `until`."""

    desk: str | None = None
    operator_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: str | None = None

    def condition(self, table: Table) -> ColumnElement[bool]:
        """Return the condition on the rows of a table of spans."""
        column = table.c
        return and_(
            true() if self.desk is None else column.desk == self.desk,
            true() if self.operator_id is None else column.operator_id == self.operator_id,
            true() if self.since is None else column.ends_at > self.since,
            true() if self.until is None else column.starts_at < self.until,
            true() if self.state is None else column.state == self.state,
        )
