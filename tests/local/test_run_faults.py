"""What keeps `make run` from starting is one clear line and exit code 1."""

import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import lock_file
from tests.local.run import Run

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.fixture
def suspicious() -> Iterator[str]:
    """The DSN of a server that asks for passwords, and knows none."""
    folder = Path(tempfile.mkdtemp(prefix="dozvon-try-"))
    rules = folder / "pg_hba.conf"
    rules.write_text("local all all scram-sha-256\n")
    rules.chmod(0o644)
    server = EmbeddedPostgres(folder, settings={"hba_file": str(rules)})
    yield server.start().replace("postgres@", "postgres:guess@")
    server.destroy()


@pytest.mark.parametrize("port", ["99999", "eighty"])
def test_a_port_that_is_none_is_named(tmp_path: Path, port: str) -> None:
    line = Run(tmp_path / "home", {"PORT": port}).fails()
    assert line == f"dozvon: PORT must be a number from 1 to 65535, not {port!r}"


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = Run(tmp_path / "home", port=port).fails()
    assert line.startswith(f"dozvon: port {port} of 127.0.0.1 cannot be used (set PORT to another one): ")


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = Run(tmp_path / "file" / "home").fails()
    assert line.startswith(f"dozvon: DOZVON_HOME, {tmp_path / 'file' / 'home'}, cannot be used: Not a directory")


def test_a_home_in_use_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with lock_file(home / "lock", wait=False):
        assert Run(home).fails() == f"dozvon: {home} is in use by another running stack"


def test_a_broken_data_folder_is_named(tmp_path: Path, kafka_bootstrap: str) -> None:
    server = EmbeddedPostgres(tmp_path / "home" / "postgres")
    server.start()
    server.stop()
    (server.home / "PG_VERSION").write_text("garbage")
    line = Run(tmp_path / "home", {"KAFKA_BOOTSTRAP": kafka_bootstrap}).fails()
    assert line.startswith(f"dozvon: PostgreSQL cannot run in {server.data_dir}: ")
    assert "is not a valid data directory" in line


def test_a_wrong_password_is_said_by_the_server(tmp_path: Path, suspicious: str, kafka_bootstrap: str) -> None:
    given = {"POSTGRES_URL": suspicious, "KAFKA_BOOTSTRAP": kafka_bootstrap}
    line = Run(tmp_path / "home", given).fails()
    assert re.fullmatch(r"dozvon: PostgreSQL at .+ cannot be set up: password authentication failed for .+", line)
    assert "guess" not in line


def test_an_address_without_a_server_is_named(tmp_path: Path, kafka_bootstrap: str) -> None:
    given = {"POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/none", "KAFKA_BOOTSTRAP": kafka_bootstrap}
    line = Run(tmp_path / "home", given).fails()
    assert line.startswith("dozvon: PostgreSQL at 127.0.0.1:1/none cannot be set up: ")


def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    line = Run(tmp_path / "home", {"POSTGRES_URL": "nonsense"}).fails()
    assert line == "dozvon: POSTGRES_URL: Value error, give a postgresql:// URL"


def test_a_broker_that_is_not_there_is_named(tmp_path: Path, postgres_url: str) -> None:
    line = Run(tmp_path / "home", {"POSTGRES_URL": postgres_url, "KAFKA_BOOTSTRAP": "127.0.0.1:1"}).fails()
    assert line.startswith("dozvon: Kafka at 127.0.0.1:1: topics cannot be created")


def test_a_full_disk_is_one_line(tmp_path: Path, kafka_bootstrap: str) -> None:
    """The limit of a file's size stands for the disk: it fails the same writes."""
    line = Run(tmp_path / "home", {"KAFKA_BOOTSTRAP": kafka_bootstrap}).fails("ulimit -f 64; exec")
    assert line.startswith("dozvon: PostgreSQL cannot ")
    assert "File too large" in line
