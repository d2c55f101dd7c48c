"""Copies of a template database, for one test after the other.

Making a database costs PostgreSQL many times what emptying one does, so a copy is given out again once its rows are
those of its template. A test that changed definitions made its copy useless, and it is dropped.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

import asyncpg

from libs.common.testkit.database import StackDatabase, create, database_url, drop, name_of, template_database

USES = 200  # of one copy: what was deleted stays in its files until then

_NOTE_CHANGES = """
CREATE TABLE public.definition_change (tag text, identity text);
CREATE FUNCTION public.note_change() RETURNS event_trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $note$
BEGIN
    IF tg_tag LIKE 'DROP %' THEN
        INSERT INTO public.definition_change VALUES (tg_tag, NULL);
    ELSE
        INSERT INTO public.definition_change
        SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands() WHERE schema_name <> 'pg_temp';
    END IF;
END $note$;
CREATE EVENT TRIGGER note_change ON ddl_command_end EXECUTE FUNCTION public.note_change();
"""
_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_SEQUENCES = """
SELECT format('SELECT setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename),
              COALESCE(last_value, start_value), last_value IS NOT NULL)
FROM pg_sequences
"""
_OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_END = f"SELECT pg_terminate_backend(pid) FROM ({_OTHERS}) AS o"  # noqa: S608 - a constant
_CHANGES = "SELECT tag, identity FROM public.definition_change"
# What a running service adds by itself: the inbox's partition of a day.
_ADDED = {"CREATE TABLE", "CREATE INDEX"}

_Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Copy:
    """One copy, and how to make it as it was; its own session stays open."""

    def __init__(self, url: str, session: _Session, restore: str) -> None:
        self.url, self._session, self._restore = url, session, restore
        self._uses = 0

    @classmethod
    async def make(cls, server_url: str, template: str) -> "Copy":
        url = database_url(server_url, await create(server_url, template))
        session = await asyncpg.connect(url, server_settings={"session_replication_role": "replica"})
        restore = [f"DELETE FROM {table}" for (table,) in await session.fetch(_TABLES)]  # noqa: S608 - of the catalogue
        restore += [statement for (statement,) in await session.fetch(_SEQUENCES)]
        restore += await _kept(session)
        await session.execute(_NOTE_CHANGES)
        return cls(url, session, ";".join([*restore, "DELETE FROM public.definition_change"]))

    async def restored(self) -> bool:
        """End all other sessions and restore the template's rows; return false when that is not possible."""
        self._uses += 1
        if self._uses >= USES:
            return False
        try:
            await self._session.execute(_END)
            while await self._session.fetchval(_OTHERS):
                await asyncio.sleep(0.001)
            changes = await self._session.fetch(_CHANGES)
            if not {change["tag"] for change in changes} <= _ADDED:
                return False
            for change in changes:
                if change["tag"] == "CREATE TABLE":
                    await self._session.execute(f"DROP TABLE {change['identity']}")
            await self._session.execute(self._restore)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def close(self, server_url: str) -> None:
        """Drop the copy, with the sessions that use it."""
        self._session.terminate()
        await drop(server_url, name_of(self.url))


async def _kept(session: _Session) -> list[str]:
    """Keep the template's rows in tables of this session; return the statements that bring them back."""
    restore = []
    for (table,) in await session.fetch(_TABLES):
        if await session.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):  # noqa: S608 - a name from the catalogue
            kept = f'pg_temp."{table}"'
            await session.execute(f'CREATE TEMP TABLE "{table}" AS TABLE {table}')
            restore.append(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE {kept}")
    return restore


class Copies:
    """Copies of one template, as many as tests use at once."""

    def __init__(self, server_url: str, template: StackDatabase) -> None:
        self._server_url, self._template = server_url, template
        self._free: list[Copy] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[StackDatabase]:
        """Give a copy for the block, without sessions of others; its open connections end with the block."""
        template = name_of(self._template.admin_url)
        copy = self._free.pop() if self._free else await Copy.make(self._server_url, template)
        try:
            yield StackDatabase(copy.url, self._template.failures)
        finally:
            if await copy.restored():
                self._free.append(copy)
            else:
                await copy.close(self._server_url)

    async def close(self) -> None:
        while self._free:
            await self._free.pop().close(self._server_url)


class Templates:
    """Databases with one service's tables each, made when the first test asks for them."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._stack = AsyncExitStack()
        self._copies: dict[str, Copies] = {}

    async def copies(self, service: str) -> Copies:
        if service not in self._copies:
            template = await self._stack.enter_async_context(template_database(self._server_url, [service]))
            self._copies[service] = Copies(self._server_url, template)
            self._stack.push_async_callback(self._copies[service].close)
        return self._copies[service]

    async def close(self) -> None:
        await self._stack.aclose()
