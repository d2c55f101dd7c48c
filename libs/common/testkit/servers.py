"""The real PostgreSQL and Kafka of the tests: given, embedded or in containers."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import EmbeddedServer, LocalStackError
from libs.common.testkit.containers import kafka_container, postgres_container

PREFIX = "dozvon-test-"
STALE_SECONDS = 60

# Tests of durability have servers of their own; all others need not wait for the disk.
WITHOUT_FSYNC = MappingProxyType({"fsync": "off", "full_page_writes": "off"})


class Servers(StrEnum):
    """The source of the suite's servers when none is given: `$DOZVON_TEST_SERVERS`."""

    EMBEDDED = "embedded"
    CONTAINERS = "containers"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of the run's servers: a superuser's DSN and `host:port`."""

    postgres: str
    kafka: str


def chosen() -> Servers:
    """The switch's value, embedded by default; an unknown one is a ValueError."""
    return Servers(os.environ.get("DOZVON_TEST_SERVERS", Servers.EMBEDDED))


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield a superuser's DSN: `$POSTGRES_URL` if given, else of a fresh server that ends with the block.

    Raises when no server can be started: tests fail then, they are not skipped.
    """
    with ExitStack() as stack:
        if given := os.environ.get("POSTGRES_URL"):
            yield given
            return
        match chosen():
            case Servers.EMBEDDED:
                yield stack.enter_context(_embedded("postgres-", _postgres))
            case Servers.CONTAINERS:
                yield stack.enter_context(postgres_container(WITHOUT_FSYNC))
            case other:
                assert_never(other)


@contextmanager
def kafka_server() -> Iterator[str]:
    """Yield `host:port`: `$KAFKA_BOOTSTRAP` if given, else of a fresh broker that ends with the block.

    Raises when no broker can be started: tests fail then, they are not skipped.
    """
    with ExitStack() as stack:
        if given := os.environ.get("KAFKA_BOOTSTRAP"):
            yield given
            return
        match chosen():
            case Servers.EMBEDDED:
                yield stack.enter_context(_embedded("kafka-", _kafka))
            case Servers.CONTAINERS:
                yield stack.enter_context(kafka_container())
            case other:
                assert_never(other)


@contextmanager
def both_servers() -> Iterator[Addresses]:
    """Yield the addresses of both servers, which start at the same time and end with the block."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as threads:
        started = [threads.submit(stack.enter_context, server()) for server in (postgres_server, kafka_server)]
        yield Addresses(*(server.result() for server in started))


def _postgres(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, settings=WITHOUT_FSYNC)


def _kafka(folder: Path) -> EmbeddedKafka:
    broker = EmbeddedKafka(folder)
    broker.make_archive()  # for all brokers of the run
    return broker


@contextmanager
def _embedded(kind: str, server_type: Callable[[Path], EmbeddedServer]) -> Iterator[str]:
    _sweep(kind, server_type)
    server = server_type(Path(tempfile.mkdtemp(prefix=PREFIX + kind)))
    try:
        yield server.start()
    finally:
        server.destroy()


def _sweep(kind: str, server_type: Callable[[Path], EmbeddedServer]) -> None:
    """Stop and delete the servers of killed test runs."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}{kind}*"):
        with suppress(OSError, LocalStackError):  # in use by another run, or being deleted
            if time.time() - (folder / "lock").stat().st_mtime > STALE_SECONDS:
                server_type(folder).destroy()
