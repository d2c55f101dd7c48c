"""A durable-workflow engine: DBOS, one workflow per lead, started by the request, a step with a transaction each.

`python -m tests.bench.peers.workflow SERVICE DSN BOOTSTRAP PREFIX PORT`: one process, PostgreSQL alone.
"""

from __future__ import annotations

import sys
from uuid import UUID, uuid4

import uvicorn
from dbos import DBOS, DBOSConfig, SetWorkflowID, SQLAlchemyDatasource
from fastapi import FastAPI

from tests.bench.peers.model import (
    CONNECTIONS,
    Order,
    give,
    lead_of,
    message_of,
    next_operator,
    open_task,
    task_of,
)

_, DSN, _, _, PORT = sys.argv[1:6]
ISOLATION = "READ COMMITTED"  # in its default, SERIALIZABLE, giving in turn would fail and be repeated all the time
POOL = {"pool_size": CONNECTIONS, "max_overflow": 0}
# Plain functions and few threads: measured, coroutines or the default of threads take half as much CPU again.
CONFIG: DBOSConfig = {
    "name": "leads",
    "system_database_url": DSN,
    "log_level": "ERROR",
    "max_executor_threads": CONNECTIONS,
}

DBOS(config=CONFIG)
source = SQLAlchemyDatasource.create(DSN, engine_kwargs=POOL)
api = FastAPI()


@source.transaction(isolation_level=ISOLATION)
def store(lead_id: str, order: dict[str, object]) -> None:
    source.sql_session().add(lead_of(UUID(lead_id), Order.model_validate(order)))


@source.transaction(isolation_level=ISOLATION)
def take(lead_id: str) -> None:
    source.sql_session().add(task_of(UUID(lead_id)))


@source.transaction(isolation_level=ISOLATION)
def assign(lead_id: str) -> None:
    db = source.sql_session()
    task = db.scalars(open_task(UUID(lead_id))).one()
    give(task, db.scalars(next_operator()).one())


@source.transaction(isolation_level=ISOLATION)
def message(lead_id: str) -> None:
    source.sql_session().add(message_of(UUID(lead_id)))


@DBOS.workflow()
def lead(lead_id: str, order: dict[str, object]) -> None:
    """Take a lead through its four effects; the engine records each step with what it did."""
    store(lead_id, order)
    take(lead_id)
    assign(lead_id)
    message(lead_id)


@api.post("/orders", status_code=202)
def accept(order: Order) -> dict[str, str]:
    """Answer when the workflow is recorded: from then on it will come to its end."""
    lead_id = str(uuid4())
    with SetWorkflowID(lead_id):
        DBOS.start_workflow(lead, lead_id, order.model_dump(mode="json"))
    return {"lead_id": lead_id}


if __name__ == "__main__":
    DBOS.launch()
    uvicorn.run(api, port=int(PORT), log_level="warning", access_log=False)
    DBOS.destroy()
