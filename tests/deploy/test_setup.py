import asyncio
import http.server
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy import setup
from libs.common.contracts import Topic
from libs.common.platform.db.roles import SERVICES, service_url
from libs.common.platform.health import healthy
from libs.common.testkit.database import empty_database

PREFIX = "setup-test"


@pytest.fixture
def answering() -> Iterator[str]:
    """A server that answers 200 to /ready and 503 to everything else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ready" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for service in SERVICES:
        monkeypatch.setenv(f"{service.upper()}_DB_PASSWORD", f"p@ss/{service}")
    for name, value in values.items():
        monkeypatch.setenv(name, value)


async def test_setting_up_twice_leaves_roles_schemas_and_topics(postgres_url: str, kafka_bootstrap: str) -> None:
    async with empty_database(postgres_url) as url:
        for _ in range(2):
            await setup.set_up(url, kafka_bootstrap, {}, PREFIX, 3)
        connection = await asyncpg.connect(service_url(url, "tasks"))
        assert await connection.fetchval("SELECT current_schema()") == "tasks"
        await connection.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    topics = [name for name in await admin.list_topics() if name.startswith(PREFIX)]
    await admin.close()
    assert sorted(topics) == sorted(f"{PREFIX}.{topic}" for topic in Topic)


def test_what_is_missing_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("POSTGRES_URL", raising=False)
    assert setup.main() == 1
    assert capsys.readouterr().err.startswith("setup: POSTGRES_URL: Field required; INTAKE_DB_PASSWORD: Field req")


@pytest.mark.servers
def test_servers_that_never_answer_give_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment(monkeypatch, POSTGRES_URL="postgresql://postgres@127.0.0.1:1/x")
    monkeypatch.setattr(setup, "PATIENCE_SECONDS", 0)
    assert setup.main() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_passwords_with_any_character_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, POSTGRES_URL="postgresql://postgres@db/x", POSTGRES_PASSWORD="a@b:c/d")
    settings = setup.SetupSettings.load()
    assert settings.passwords()["intake"] == "p@ss/intake"
    assert urlsplit(settings.postgres_dsn).hostname == "db"


@pytest.mark.servers
@pytest.mark.parametrize(("path", "expected"), [("/ready", True), ("/other", False)])
async def test_health_is_a_200(answering: str, path: str, expected: bool) -> None:
    assert await asyncio.to_thread(healthy, answering + path) is expected


@pytest.mark.servers
def test_no_listener_is_not_healthy() -> None:
    assert not healthy("http://127.0.0.1:1/ready", seconds=1)
