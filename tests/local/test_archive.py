"""Java's archive is made once, by one process, and a start never depends on it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.local import archive
from deploy.local.kafka import EmbeddedKafka
from deploy.local.process import LocalStackError


class Rehearsals:
    """Stands for Java, which writes the file that its option names."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.count, self._fault = 0, fault

    def __call__(self, folder: Path, options: Sequence[str]) -> None:
        self.count += 1
        if self._fault:
            raise self._fault
        [option] = options
        Path(option.removeprefix("-XX:AOTCacheOutput=")).write_bytes(b"an archive")


def test_it_is_made_once(tmp_path: Path) -> None:
    wanted, rehearse = tmp_path / "java.aot", Rehearsals()
    for _ in range(2):
        archive.make(wanted, rehearse)
    assert (wanted.read_bytes(), rehearse.count) == (b"an archive", 1)


@pytest.mark.parametrize("fault", [LocalStackError("no port"), OSError(28, "no space")])
def test_without_success_nothing_is_left_and_the_next_one_tries_again(tmp_path: Path, fault: Exception) -> None:
    wanted, rehearse = tmp_path / "java.aot", Rehearsals(fault)
    for _ in range(2):
        archive.make(wanted, rehearse)
    assert (rehearse.count, [path.name for path in tmp_path.iterdir()]) == (2, ["java.lock"])


@pytest.mark.servers
def test_a_broker_starts_with_an_archive_that_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "java.aot").write_bytes(b"no archive")
    monkeypatch.setattr(EmbeddedKafka, "_archive", lambda _: tmp_path / "java.aot")
    broker = EmbeddedKafka(tmp_path / "kafka")
    try:
        assert broker.start().startswith("127.0.0.1:")
        assert f"-XX:AOTCache={tmp_path / 'java.aot'}" in broker.command()
    finally:
        broker.destroy()


@pytest.mark.servers
def test_brokers_use_the_one_that_was_made(tmp_path: Path) -> None:
    broker = EmbeddedKafka(tmp_path / "kafka")
    broker.make_archive()
    broker.start()
    options = broker.command()
    broker.destroy()
    assert [Path(one.removeprefix("-XX:AOTCache=")).exists() for one in options if "AOT" in one] == [True]
