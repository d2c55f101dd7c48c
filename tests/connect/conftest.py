"""A service that has commands of its own: errands to places, and what is paced and halted together."""

import pytest

from libs.common.connect.command.store import Tables
from libs.common.connect.connection.tables import CONNECTION_V1
from libs.common.connect.poll.tables import POLL_V1
from libs.common.platform.db import Database

ERRANDS = Tables(command="errand", queue="place", queue_id="place_id", kind="kind", details=", a.what")
_TABLES = """
CREATE TABLE place (
    id uuid PRIMARY KEY, desk text NOT NULL, code text NOT NULL, kind text NOT NULL, account text NOT NULL,
    rate_5s integer NOT NULL, active boolean NOT NULL, halted_code text,
    halted_at timestamptz, version integer NOT NULL
);
CREATE TABLE pace (account text PRIMARY KEY, free_at timestamptz NOT NULL);
CREATE TABLE errand (
    id uuid PRIMARY KEY, place_id uuid NOT NULL REFERENCES place, number integer NOT NULL, what text NOT NULL,
    state text NOT NULL, due_at timestamptz NOT NULL, not_before timestamptz, expires_at timestamptz,
    offered_at timestamptz, lease_token uuid, tries integer NOT NULL, external_id text, code text, detail text
);
"""


@pytest.fixture
async def errands_db(messaging_db: Database) -> Database:
    """A database with errands, polls and connections beside the messaging tables."""
    for statement in (_TABLES, *POLL_V1, *CONNECTION_V1):
        await messaging_db.pool.execute(statement)
    return messaging_db
