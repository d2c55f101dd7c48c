"""The usual way: FastAPI with an ORM session per request, then FastStream: one message, one session, one commit.

`python -m tests.bench.peers.usual SERVICE DSN BOOTSTRAP PREFIX PORT`: a process per service, joined by topics.
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
from faststream import FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.bench.peers.model import (
    Order,
    engine_of,
    give,
    lead_of,
    message_of,
    next_operator,
    open_task,
    task_of,
)

SERVICE, DSN, BOOTSTRAP, PREFIX, PORT = sys.argv[1:6]
RECEIVED, OPENED, GIVEN = f"{PREFIX}.received", f"{PREFIX}.opened", f"{PREFIX}.given"

engine = engine_of(DSN, "asyncpg")
Session = async_sessionmaker(engine, expire_on_commit=False)
broker = KafkaBroker(BOOTSTRAP, logger=None)


class LeadEvent(BaseModel):
    """What all topics carry."""

    lead_id: UUID


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Hold the broker's connection while the API runs."""
    await broker.start()
    yield
    await broker.stop()


api = FastAPI(lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    """A session per request."""
    async with Session() as opened:
        yield opened


@api.post("/orders", status_code=202)
async def accept(order: Order, db: Annotated[AsyncSession, Depends(session)]) -> LeadEvent:
    """Store the lead, then publish it."""
    event = LeadEvent(lead_id=uuid4())
    db.add(lead_of(event.lead_id, order))
    await db.commit()
    await broker.publish(event, topic=RECEIVED, key=event.lead_id.bytes)
    return event


async def on_received(event: LeadEvent) -> LeadEvent:
    async with Session() as db:
        db.add(task_of(event.lead_id))
        await db.commit()
    return event


async def on_opened(event: LeadEvent) -> LeadEvent:
    async with Session() as db:
        task = (await db.scalars(open_task(event.lead_id))).one()
        give(task, (await db.scalars(next_operator())).one())
        await db.commit()
    return event


async def on_given(event: LeadEvent) -> None:
    async with Session() as db:
        db.add(message_of(event.lead_id))
        await db.commit()


def subscribe(service: str) -> None:
    """Subscribe one service to what it reads; what a handler returns is published."""
    read = {"group_id": f"{PREFIX}.{service}", "auto_offset_reset": "earliest"}
    match service:
        case "tasks":
            broker.subscriber(RECEIVED, **read)(broker.publisher(OPENED)(on_received))
        case "assignment":
            broker.subscriber(OPENED, **read)(broker.publisher(GIVEN)(on_opened))
        case "notifications":
            broker.subscriber(GIVEN, **read)(on_given)
        case _:
            raise ValueError(service)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    if SERVICE == "api":
        uvicorn.run(api, port=int(PORT), log_level="warning", access_log=False)
    else:
        subscribe(SERVICE)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        asyncio.run(FastStream(broker).run())
