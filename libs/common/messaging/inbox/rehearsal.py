"""Rehearsals: events applied as the consumer applies them, of which nothing is kept."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from libs.common.contracts import REGISTRY, Cause, EventData, Received
from libs.common.messaging.inbox.errors import Unready
from libs.common.messaging.inbox.usecase import UseCase
from libs.common.platform.db import Connection, Database
from libs.common.platform.db.errors import is_transient

E = TypeVar("E", bound=EventData)

SAID = """
SELECT type, convert_from(body, 'UTF8') AS body FROM outbox WHERE correlation_id = $1 ORDER BY id
"""


class EventRefusedError(Exception):
    """The use case cannot apply the event: a real one would be parked. `error` names the class of the fault."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.context = {"error": type(error).__name__}


@asynccontextmanager
async def rehearsed(
    db: Database, use_case: UseCase, events: Sequence[Received[EventData]]
) -> AsyncIterator[Connection]:
    """Apply events, and give the connection that sees what became of them; all of it is taken back.

    Raises Unready as the use case does, transient errors, and EventRefusedError for any other.
    """
    async with db.begin() as tx:
        try:
            await use_case(tx, [event._replace(data=_published(event.data)) for event in events])
        except Unready:
            raise
        except Exception as error:
            if is_transient(error):
                raise
            raise EventRefusedError(error) from error
        yield tx.conn


def _published(data: EventData) -> EventData:
    """Return an event as the type that is published: a body may narrow it."""
    return REGISTRY[data.event_type].model_validate(data.model_dump(exclude_unset=True))


async def said(conn: Connection, cause: Cause, model: type[E]) -> list[E]:
    """Return the events of a type that were put into the outbox in a chain of events."""
    return [
        model.model_validate_json(row["body"])
        for row in await conn.fetch(SAID, cause.correlation_id)
        if issubclass(model, REGISTRY[row["type"]])
    ]
