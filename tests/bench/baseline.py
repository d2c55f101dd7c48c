"""The frozen baseline of the accept benchmark: FastAPI, a pydantic parameter, one asyncpg statement, nothing else.

Do not improve this file: results are ratios against it. `python -m tests.bench.baseline <dsn> <port>`.
"""

import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel

TABLES = """
CREATE TABLE IF NOT EXISTS baseline_lead (
    id uuid PRIMARY KEY, external_id text UNIQUE NOT NULL, name text NOT NULL, phone text NOT NULL, email text,
    product text, title text, quantity int, price numeric, currency text, utm_source text, utm_medium text,
    utm_campaign text, webmaster text, flow text, page_url text
);
CREATE TABLE IF NOT EXISTS baseline_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL, body bytea NOT NULL
);
"""

INSERT = """
WITH lead AS (
    INSERT INTO baseline_lead VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9::text::numeric,$10,$11,$12,$13,$14,$15,$16)
    RETURNING id
)
INSERT INTO baseline_outbox (key, body) SELECT id::text, $17 FROM lead
"""


class Order(BaseModel):
    """The order of the load generator."""

    external_id: str
    name: str
    phone: str
    email: str | None = None
    product: str
    title: str
    quantity: int
    price: str
    currency: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    webmaster: str
    flow: str
    page_url: str


def create_app(dsn: str) -> FastAPI:
    """Return the whole application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=8, max_size=8) as pool:
            await pool.execute(TABLES)
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/orders", status_code=202)
    async def accept(order: Order, request: Request) -> dict[str, str]:
        lead_id = uuid.uuid4()
        body = order.model_dump_json().encode()
        await request.app.state.pool.execute(INSERT, lead_id, *order.model_dump().values(), body)
        return {"lead_id": str(lead_id)}

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", access_log=False)
