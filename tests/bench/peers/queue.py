"""A job queue: procrastinate, a job per hop, each deferred in the transaction of the effect before it.

`python -m tests.bench.peers.queue SERVICE DSN BOOTSTRAP PREFIX PORT`: an API and a worker, PostgreSQL alone.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID, uuid4

import uvicorn
import uvloop
from fastapi import Depends, FastAPI
from procrastinate import App, PsycopgConnector
from procrastinate.tasks import Task
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.bench.peers.model import (
    CONNECTIONS,
    Order,
    engine_of,
    give,
    lead_of,
    message_of,
    next_operator,
    open_task,
    task_of,
)

SERVICE, DSN, _, _, PORT = sys.argv[1:6]
# API and worker both run this module as the main one, so its tasks have names; it warns of those that have none.
logging.getLogger("procrastinate").setLevel(logging.ERROR)
engine = engine_of(DSN, "psycopg")
Session = async_sessionmaker(engine, expire_on_commit=False)
jobs = App(connector=PsycopgConnector(conninfo=DSN, min_size=2, max_size=CONNECTIONS))


async def defer(db: AsyncSession, job: Task, lead_id: UUID) -> None:
    """Add a job in the session's transaction."""
    raw = await (await db.connection()).get_raw_connection()
    await job.configure(connection=raw.driver_connection).defer_async(lead_id=str(lead_id))


@jobs.task(name="message", queue="notifications")
async def message(lead_id: str) -> None:
    async with Session() as db:
        db.add(message_of(UUID(lead_id)))
        await db.commit()


@jobs.task(name="assign", queue="assignment")
async def assign(lead_id: str) -> None:
    async with Session() as db:
        task = (await db.scalars(open_task(UUID(lead_id)))).one()
        give(task, (await db.scalars(next_operator())).one())
        await defer(db, message, UUID(lead_id))
        await db.commit()


@jobs.task(name="take", queue="tasks")
async def take(lead_id: str) -> None:
    async with Session() as db:
        db.add(task_of(UUID(lead_id)))
        await defer(db, assign, UUID(lead_id))
        await db.commit()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Hold the queue's connections while the API runs."""
    async with jobs.open_async():
        yield


api = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    """A session per request."""
    async with Session() as opened:
        yield opened


@api.post("/orders", status_code=202)
async def accept(order: Order, db: Annotated[AsyncSession, Depends(session)]) -> dict[str, str]:
    """Store the lead and its first job."""
    lead_id = uuid4()
    db.add(lead_of(lead_id, order))
    await defer(db, take, lead_id)
    await db.commit()
    return {"lead_id": str(lead_id)}


async def work() -> None:
    """Do all queues' jobs until SIGTERM."""
    async with jobs.open_async():
        await jobs.run_worker_async(concurrency=CONNECTIONS)


async def prepare() -> None:
    """Make the queue's own tables."""
    async with jobs.open_async():
        await jobs.schema_manager.apply_schema_async()


if __name__ == "__main__":
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    match SERVICE:
        case "api":
            uvicorn.run(api, port=int(PORT), log_level="warning", access_log=False)
        case "prepare":
            asyncio.run(prepare())
        case _:
            asyncio.run(work())
