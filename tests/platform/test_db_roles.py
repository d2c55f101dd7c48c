"""Every service connects as its own role, and its role sees its own schema alone."""

from collections.abc import AsyncIterator
from itertools import permutations

import asyncpg
import pytest

from libs.common.platform.db.roles import SERVICES, ensure_roles, role_of, service_url
from libs.common.testkit.database import PASSWORD, StackDatabase, empty_database

PAIRS = tuple(permutations(SERVICES, 2))
FOREIGN = [
    "SELECT * FROM {0}.facts",
    "INSERT INTO {0}.facts VALUES (1)",
    "CREATE TABLE {0}.mine (id int)",
    "SET ROLE dozvon_{0}",
]


@pytest.fixture(scope="module")
async def roles_url(postgres_url: str) -> AsyncIterator[str]:
    async with empty_database(postgres_url) as url:
        for service in SERVICES:
            await execute(service_url(url, service, PASSWORD), "CREATE TABLE facts (id int)")
        yield url


async def execute(url: str, statement: str) -> str:
    conn = await asyncpg.connect(url)
    try:
        return await conn.execute(statement)
    finally:
        await conn.close()


@pytest.mark.parametrize(("reader", "owner"), PAIRS)
@pytest.mark.parametrize("statement", FOREIGN)
async def test_a_foreign_schema_is_refused(roles_url: str, reader: str, owner: str, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(service_url(roles_url, reader, PASSWORD), statement.format(owner))


@pytest.mark.parametrize("service", SERVICES)
async def test_own_tables_are_found_without_naming_the_schema(roles_url: str, service: str) -> None:
    assert await execute(service_url(roles_url, service, PASSWORD), "SELECT * FROM facts") == "SELECT 0"


@pytest.mark.parametrize("service", SERVICES)
async def test_public_schema_is_shut(roles_url: str, service: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(service_url(roles_url, service, PASSWORD), "CREATE TABLE public.shared (id int)")


async def test_a_role_without_a_service_cannot_connect(roles_url: str) -> None:
    stranger = "dozvon_stranger"
    await execute(roles_url, f"CREATE ROLE {stranger} LOGIN PASSWORD '{PASSWORD}'")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(service_url(roles_url, "stranger", PASSWORD))
    finally:
        await execute(roles_url, f"DROP ROLE {stranger}")


async def test_making_roles_again_keeps_schemas_and_tables(roles_url: str) -> None:
    await ensure_roles(roles_url)
    assert await execute(service_url(roles_url, "tasks", PASSWORD), "SELECT * FROM facts") == "SELECT 0"


@pytest.mark.parametrize("service", SERVICES)
async def test_no_role_can_do_more_than_log_in(roles_url: str, service: str) -> None:
    conn = await asyncpg.connect(roles_url)
    power = "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication FROM pg_roles"
    assert await conn.fetchval(f"{power} WHERE rolname = $1", role_of(service)) is False
    await conn.close()


def test_service_url_replaces_user_and_password_and_keeps_the_rest() -> None:
    url = service_url("postgresql://admin:old@db.example:5433/dozvon?sslmode=require", "tasks", "p@ss/word")
    assert url == "postgresql://dozvon_tasks:p%40ss%2Fword@db.example:5433/dozvon?sslmode=require"


def test_service_url_keeps_a_socket_folder() -> None:
    url = service_url("postgresql://postgres@/postgres?host=%2Ftmp%2Fx", "intake")
    assert url == "postgresql://dozvon_intake@/postgres?host=%2Ftmp%2Fx"


async def test_migrated_services_refuse_each_other(stack_db: StackDatabase) -> None:
    ready = [service for service in SERVICES if service not in stack_db.failures]
    for reader, owner in permutations(ready, 2):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(stack_db.url(reader), f"TABLE {owner}.outbox")
