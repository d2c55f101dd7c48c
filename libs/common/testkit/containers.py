"""The suite's servers in containers, by testcontainers against Docker or podman (`$DOCKER_HOST`)."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

import asyncpg
import psutil

from deploy.local.kafka import PROPERTIES, lists_topics
from deploy.local.ports import free_ports
from deploy.local.postgres import SETTINGS
from deploy.local.process import LocalStackError

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.3.1"
ANSWER_SECONDS = 90
RUN = "dozvon.test.run"  # label: the process that removes the container


@contextmanager
def postgres_container(settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Yield a superuser's DSN of a fresh container's server with `settings`.

    Raises LocalStackError when there is none.
    """
    (port,) = free_ports(1)
    ours = {name: SETTINGS[name] for name in ("max_connections", "shared_preload_libraries")}
    options = " ".join(f"-c {name}={value}" for name, value in {**ours, **settings}.items())
    container = _container(POSTGRES_IMAGE, 5432, port).with_env("POSTGRES_PASSWORD", "postgres")
    with _started(container.with_command(f"postgres {options}")):
        url = f"postgresql://postgres:postgres@127.0.0.1:{port}/postgres"
        _wait(lambda: _answers(url), POSTGRES_IMAGE)
        yield url


@contextmanager
def kafka_container() -> Iterator[str]:
    """Yield `host:port` of a fresh container's broker. Raises LocalStackError when there is none."""
    port, controller = free_ports(2)
    text = PROPERTIES.format(port=port, controller=controller, logs="/tmp/kafka-logs")  # noqa: S108 - in the container
    properties = dict(line.split("=", 1) for line in text.splitlines())
    del properties["controller.quorum.bootstrap.servers"]  # the image formats for a fixed quorum
    properties["controller.quorum.voters"] = f"1@127.0.0.1:{controller}"
    properties["listeners"] = f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://127.0.0.1:{controller}"
    environment = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}
    # The same port inside and outside, so that the advertised address is right for both.
    with _started(_container(KAFKA_IMAGE, port, port).with_envs(**environment)):
        _wait(lambda: lists_topics(f"127.0.0.1:{port}"), KAFKA_IMAGE)
        yield f"127.0.0.1:{port}"


def _container(image: str, inside: int, outside: int) -> "DockerContainer":
    """Return a container to be, its port published on loopback alone."""
    from docker.errors import DockerException
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    # No reaper, which would be a fifth image: the next run removes the containers of a killed one.
    testcontainers_config.ryuk_disabled = True
    try:
        sweep()
        container = DockerContainer(image).with_kwargs(labels={RUN: str(os.getpid())})
    except DockerException as error:
        raise LocalStackError(f"no container service answers: {error}") from error
    loopback = ("127.0.0.1", outside)
    container.ports[f"{inside}/tcp"] = loopback  # type: ignore[assignment]  # docker takes it, its wrapper has no such method
    return container


@contextmanager
def _started(container: "DockerContainer") -> Iterator[None]:
    from docker.errors import DockerException

    try:
        try:
            container.start()
        except DockerException as error:
            raise LocalStackError(f"{container.image} cannot be started: {error}") from error
        yield
    finally:
        container.stop()


def sweep() -> None:
    """Remove the containers of test runs on this machine that are over, killed ones too."""
    import docker

    client = docker.from_env()
    try:
        for left in client.containers.list(all=True, filters={"label": RUN}):
            if not psutil.pid_exists(int(left.labels[RUN])):
                left.remove(force=True, v=True)
    finally:
        client.close()


async def _answers(url: str) -> bool:
    with suppress(OSError, TimeoutError, asyncpg.PostgresError):
        connection = await asyncpg.connect(url, timeout=5)
        await connection.close()
        return True
    return False


def _wait(check: Callable[[], Awaitable[bool]], what: str) -> None:
    async def loop() -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            while not await check():
                await asyncio.sleep(0.2)

    try:
        with ThreadPoolExecutor(1) as thread:  # the caller may itself run in an event loop
            thread.submit(asyncio.run, loop()).result()
    except TimeoutError:
        raise LocalStackError(f"{what} did not answer in {ANSWER_SECONDS} s") from None
