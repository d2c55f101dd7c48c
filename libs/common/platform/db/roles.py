"""Services, and the Postgres role and schema of each: one service cannot read another's rows."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

SERVICES = ("intake", "tasks", "assignment", "notifications")

# An advisory lock between two runners on one database; the number is arbitrary.
_LOCK = 0x446F7A01

_DATABASE = "SELECT quote_ident(current_database())"
_MISSING = "SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
_PASSWORD = "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)"  # noqa: S105 - a statement
_SHUT = """
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
"""
# Trigrams, by which parts of names and numbers are looked up; an extension is the administrator's to make.
_EXTENSIONS = """
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
"""
_SCHEMA = """
GRANT CONNECT ON DATABASE {database} TO {role};
CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role};
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC;
ALTER ROLE {role} IN DATABASE {database} SET search_path = {schema};
GRANT USAGE ON SCHEMA extensions TO {role};
"""


def role_of(service: str) -> str:
    """Return the Postgres role that a service connects as."""
    return f"dozvon_{service}"


def service_url(admin_url: str, service: str, password: str | None = None) -> str:
    """Return `admin_url` with the service's role, and its password when the server asks for one."""
    parts = urlsplit(admin_url)
    user = role_of(service) + (f":{quote(password, safe='')}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}"))


async def ensure_roles(admin_url: str, passwords: Mapping[str, str] | None = None) -> None:
    """Make role and schema of every service in the database of `admin_url`, and the extension; safe to repeat.

    `passwords` maps services to passwords; a service without one keeps its present password or none. Raises
    asyncpg.PostgresError when the admin lacks the privilege.
    """
    conn = await asyncpg.connect(admin_url)
    try:
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            database = await conn.fetchval(_DATABASE)
            await conn.execute(_SHUT.format(database=database))
            await conn.execute(_EXTENSIONS)
            for service in SERVICES:
                await _ensure(conn, database, service, (passwords or {}).get(service))
    finally:
        await conn.close()


async def _ensure(
    conn: asyncpg.Connection[asyncpg.Record], database: str, service: str, password: str | None
) -> None:
    role = role_of(service)
    if await conn.fetchval(_MISSING, role):
        await conn.execute(f"CREATE ROLE {role} LOGIN")
    if password is not None:
        await conn.execute(await conn.fetchval(_PASSWORD, role, password))
    await conn.execute(_SCHEMA.format(database=database, role=role, schema=service))
