"""A service's command line: what it runs, how it ends, what it says when it cannot run."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from deploy.local.ports import free_port
from deploy.standins.client import http_client
from libs.common.platform.db.migrations import migrate
from libs.common.testkit.database import empty_database
from libs.common.testkit.issuer import TokenIssuer
from tests.platform.tiny_service import SERVICE
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture
async def bare(postgres_url: str, kafka_bootstrap: str, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The environment of a service with an issuer, an empty schema and topics of its own."""
    TokenIssuer.in_folder(tmp_path)
    async with empty_database(postgres_url) as url:
        conn = await asyncpg.connect(url)
        await conn.execute("CREATE SCHEMA tiny")
        await conn.close()
        topics = {"KAFKA_BOOTSTRAP": kafka_bootstrap, "TOPIC_PREFIX": f"tiny-{uuid4().hex[:8]}"}
        yield {"TINY_POSTGRES_URL": url, "LOG_LEVEL": "ERROR", "JWKS_FILE": str(tmp_path / "jwks.json"), **topics}


@pytest_asyncio.fixture
async def environ(bare: dict[str, str]) -> dict[str, str]:
    """The environment of a service with its tables."""
    await migrate("tiny", bare["TINY_POSTGRES_URL"], SERVICE.migrations)
    return bare


async def start(command: str, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.platform.tiny_service", *command.split(), cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TINY_POSTGRES_URL": "postgresql://x@127.0.0.1:1/x", **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


def words(text: str) -> list[str]:
    """What the loop said: a broker that has just started makes its client complain in the log."""
    return [line for line in text.splitlines() if not line.startswith("{")]


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, (out + err).decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_worker_in_order(number: signal.Signals, environ: dict[str, str]) -> None:
    process = await start("worker", **environ)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"runs\n"
    process.send_signal(number)
    code, text = await ended(process)
    assert (code, words(text)) == (0, ["finished"])


async def test_the_api_serves_and_ends_with_a_signal(environ: dict[str, str]) -> None:
    port = free_port()
    process = await start("api", **environ, TINY_PORT=str(port))
    status = await _status(f"http://127.0.0.1:{port}/tiny/livez")
    process.send_signal(signal.SIGTERM)
    code, _ = await ended(process)
    assert (status, code) == (200, 0)


async def test_an_api_is_ready_once_its_schema_is_migrated(bare: dict[str, str]) -> None:
    port = free_port()
    process = await start("api", **bare, TINY_PORT=str(port))
    url = f"http://127.0.0.1:{port}/tiny/readyz"
    before = await _status(url)
    migrated, _ = await ended(await start("migrate", **bare))
    after = await _status(url)
    process.send_signal(signal.SIGTERM)
    await ended(process)
    assert (before, migrated, after) == (503, 0, 200)


@pytest.mark.req("U9")
@pytest.mark.parametrize("command", ["api", "all"])
async def test_an_api_without_an_issuer_does_not_start_and_says_which_setting(
    command: str, environ: dict[str, str]
) -> None:
    code, text = await ended(await start(command, **{**environ, "JWKS_FILE": ""}))
    assert (code, text.startswith("tiny: JWKS_URL or JWKS_FILE is missing")) == (1, True)


@pytest.mark.req("U9")
async def test_workers_and_migrations_need_no_issuer(bare: dict[str, str]) -> None:
    given = {**bare, "JWKS_FILE": ""}
    migrated, _ = await ended(await start("migrate", **given))
    worker = await start("worker", **given)
    assert worker.stdout is not None
    said = await worker.stdout.readline()
    worker.send_signal(signal.SIGTERM)
    code, _ = await ended(worker)
    assert (migrated, said, code) == (0, b"runs\n", 0)


@pytest.mark.req("U9")
async def test_an_api_is_ready_by_itself_once_its_issuer_is_there(environ: dict[str, str], tmp_path: Path) -> None:
    port, keys = free_port(), tmp_path / "later"
    process = await start("api", **{**environ, "JWKS_FILE": str(keys / "jwks.json"), "TINY_PORT": str(port)})
    url = f"http://127.0.0.1:{port}/tiny/readyz"
    before = await _status(url)
    async with http_client() as client:
        named = (await client.get(url)).json()["checks"]
    TokenIssuer.in_folder(keys)
    await _status(url, httpx.codes.OK)
    process.send_signal(signal.SIGTERM)
    await ended(process)
    assert (before, named) == (503, {"issuer": "failed"})


async def test_a_setting_of_an_earlier_release_does_not_keep_a_service_from_starting(
    environ: dict[str, str],
) -> None:
    given = {**environ, "TINY_RELAY_HINT_PORT": "7", "LOG_LEVEL": "WARNING"}
    code, text = await ended(await start("migrate", **given))
    assert (code, "TINY_RELAY_HINT_PORT" in text) == (0, True)


NO_DATABASE = 'reasons":["cannot connect to database desk at 127.0.0.1:1 as me: '


@pytest.mark.req("U35")
@pytest.mark.parametrize(
    ("command", "given", "code", "says"),
    [
        ("", {}, 2, "usage: python -m services.tiny api|worker|migrate|rotate-keys|all"),
        ("worker", {"TINY_NONSENSE": "1"}, 1, "TINY_NONSENSE"),
        ("api", {"TINY_PORT": "1", "TINY_HOST": "203.0.113.1"}, 1, "cannot serve on 203.0.113.1:1"),
        *(
            (command, {"TINY_POSTGRES_URL": "postgresql://me:secret@127.0.0.1:1/desk"}, 1, NO_DATABASE)
            for command in ("api", "worker", "migrate")
        ),
    ],
    ids=[
        "no command",
        "unknown setting",
        "no such address",
        "no database: api",
        "no database: worker",
        "no database: migrate",
    ],
)
async def test_what_cannot_run_says_why(
    command: str, given: dict[str, str], code: int, says: str, environ: dict[str, str]
) -> None:
    found, text = await ended(await start(command, **{**environ, **given}))
    assert (found, says in text.splitlines()[-1], "secret" in text) == (code, True, False)


async def _status(url: str, wanted: int | None = None) -> int:
    """Return the first answer, or the first that is the `wanted` one."""
    async with asyncio.timeout(PATIENCE), http_client() as client:
        while True:
            with suppress(httpx.TransportError):
                status = (await client.get(url)).status_code
                if wanted in (None, status):
                    return status
            await asyncio.sleep(0.05)
