"""The embedded stack: servers, schema, workers, stand-in and the origin, started and stopped in order."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import httpx
from sqlalchemy.exc import SQLAlchemyError

from deploy.demo.desk import DemoDesk, SchoolDesk, Seeder, SeedError
from deploy.local.children import Children, cancelled
from deploy.local.dev import create_dev
from deploy.local.home import Home
from deploy.local.origin import Origin
from deploy.local.ports import free_ports
from deploy.local.process import LocalStackError
from deploy.local.servers import Servers
from deploy.local.under_way import Topics, UnderWay, Watch
from deploy.setup import set_up
from libs.common.messaging.bus.ports import BusError
from libs.common.messaging.bus.topics import PARTITIONS
from libs.common.platform.clock import SharedClock
from libs.common.platform.db.roles import SERVICES, service_url
from libs.common.platform.serving import serve
from libs.common.platform.settings import ServiceSettings
from libs.common.testkit.issuer import TokenIssuer

_READY_SECONDS = 60
_TOPIC_PREFIX: str = ServiceSettings.model_fields["topic_prefix"].default
# The errors of a server that the environment names, an unreadable address included.
_POSTGRES_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError, OSError, ValueError)


@dataclass
class Stack:
    """One running stack. `say` shows progress to a person, `choices` are that person's (see `take_choices`)."""

    home: Home
    port: int
    say: Callable[[str], None]
    choices: Mapping[str, str]
    _desk: DemoDesk | None = None
    _school: SchoolDesk | None = None
    _ports: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The origin."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[DemoDesk, SchoolDesk]]:
        """Start everything, give control while it runs, then drain and stop everything."""
        async with AsyncExitStack() as stack:
            clock = SharedClock(self.home.clock)
            stack.callback(clock.close)
            issuer = self.home.issuer()
            servers = self._servers()
            stack.push_async_callback(servers.stop)
            await servers.start()
            await self._prepare(servers)
            stack.push_async_callback(cancelled, asyncio.create_task(servers.watch()))
            self._choose_ports()
            children = Children(self.home.logs, self.say)
            stack.push_async_callback(children.stop)
            await self._start_children(children, servers)
            await stack.enter_async_context(self._origin(clock, issuer, servers, children))
            await self._until_ready()
            self.say("setting up the demo desks")
            self._desk, self._school = await self._seed(issuer)
            yield self._desk, self._school

    async def migrate_only(self) -> None:
        """Bring roles, schemas and topics up to date, with servers that are stopped again afterwards."""
        servers = self._servers()
        try:
            await servers.start()
            await self._prepare(servers)
        finally:
            await servers.stop()

    @property
    def standins(self) -> str:
        """Where providers are played, once they are up."""
        return f"http://127.0.0.1:{self._ports['standins']}"

    @property
    def _topic_prefix(self) -> str:
        return self.choices.get("TOPIC_PREFIX", _TOPIC_PREFIX)

    def info(self, servers: Servers, children: Children) -> dict[str, object]:
        """Return what is up and how to reach it: the body of `GET /dev/info`."""
        desk = self._desk.as_dict() if self._desk else {}
        return {
            "origin": self.url,
            "postgres_url": servers.postgres_url,
            "kafka_bootstrap": servers.kafka_bootstrap,
            "ports": {"origin": self.port, **self._ports},
            "pids": {"origin": os.getpid(), **servers.pids(), **children.pids()},
            "logs": str(self.home.logs),
            **desk,
            "school": self._school.as_dict() if self._school else {},
        }

    def _servers(self) -> Servers:
        choices = self.choices
        return Servers(self.home, self.say, choices.get("POSTGRES_URL", ""), choices.get("KAFKA_BOOTSTRAP", ""))

    async def _prepare(self, servers: Servers) -> None:
        from libs.common.platform.db.migrations import migrate

        self.say("roles, migrations, topics")
        passwords = self.home.passwords()
        try:
            await set_up(servers.postgres_url, servers.kafka_bootstrap, dict(passwords), self._topic_prefix)
            for service in SERVICES:
                await migrate(service, service_url(servers.postgres_url, service, passwords[service]))
        except BusError as error:
            raise LocalStackError(f"Kafka at {servers.kafka_bootstrap}: {error}") from error
        except _POSTGRES_FAILURES as error:
            place = servers.postgres_url.rpartition("@")[2]  # without role and password
            reason = (str(error) or type(error).__name__).partition("\n")[0]
            raise LocalStackError(f"PostgreSQL at {place} cannot be set up: {reason}") from error

    def _choose_ports(self) -> None:
        names = [*(f"{service}-worker" for service in SERVICES), "standins", "mail"]
        self._ports = dict(zip(names, free_ports(len(names)), strict=True))

    def _environment(self, service: str, servers: Servers) -> dict[str, str]:
        own = service.upper()
        return {
            **self.choices,
            "POSTGRES_URL": service_url(servers.postgres_url, service, self.home.passwords()[service]),
            "KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
            "JWKS_FILE": str(self.home.keys / "jwks.json"),
            f"{own}_DATA_KEYS": self.home.data_keys(service),
            f"{own}_INSTANCE": f"{service}-local",
            f"{own}_CLOCK_FILE": str(self.home.clock),
            f"{own}_WORKER_PORT": str(self._ports[f"{service}-worker"]),
            f"{own}_PORT": str(self.port),
            **(self._outside(own) if service in ("intake", "notifications") else {}),
            **(self._notifications() if service == "notifications" else {}),
        }

    def _notifications(self) -> dict[str, str]:
        return {
            "NOTIFICATIONS_MEDIA_FOLDER": str(self.home.media),
            "NOTIFICATIONS_VAPID_KEY": self.home.vapid_key(),
            "NOTIFICATIONS_VAPID_SUBJECT": "mailto:admin@example.com",
        }

    def _outside(self, own: str) -> dict[str, str]:
        place = f"127.0.0.1:{self._ports['standins']}"
        allowed = f"{place},127.0.0.1:{self._ports['mail']}"
        return {
            f"{own}_STANDINS_URL": f"http://{place}/",
            f"{own}_EGRESS_ALLOW": allowed,
            f"{own}_PUBLIC_URL": self.url,
        }

    async def _start_children(self, children: Children, servers: Servers) -> None:
        self.say("starting the workers and the stand-ins of providers")
        for service in SERVICES:
            env = {**os.environ, **self._environment(service, servers)}
            await children.start(f"{service}-worker", [f"services.{service}", "worker"], env)
        port, journals = str(self._ports["standins"]), str(self.home.journals)
        clock = str(self.home.clock)
        standins = ["deploy.standins", "--port", port, "--journals", journals, "--clock", clock]
        standins += ["--mail-port", str(self._ports["mail"])]
        await children.start("standins", standins, os.environ)

    @asynccontextmanager
    async def _origin(
        self, clock: SharedClock, issuer: TokenIssuer, servers: Servers, children: Children
    ) -> AsyncIterator[None]:
        from deploy.local.apps import create_apps

        self.say("starting the four services")
        apps = create_apps({service: self._environment(service, servers) for service in SERVICES})
        pages = list(filter(None, self.choices.get("CORS_ORIGINS", "").split(",")))
        topics = Topics(servers.kafka_bootstrap, self._topic_prefix, PARTITIONS)
        watch, looking = Watch(servers.postgres_url, topics, self.standins), asyncio.Lock()

        async def left() -> UnderWay:
            async with looking:
                return await watch.look(clock.now())

        own = create_dev(clock, issuer, self.standins, partial(self.info, servers, children), left, pages)
        workers = {name: port for name, port in self._ports.items() if name.endswith("-worker")}
        stop = asyncio.Event()
        origin = Origin(apps, own, workers)
        serving = serve(origin, "127.0.0.1", self.port, stop, on_stop=origin.begin_shutdown)
        task = asyncio.create_task(serving)
        try:
            await _until_listening(self.port, task)
            yield
        finally:
            stop.set()
            await task
            await watch.close()

    async def _until_ready(self) -> None:
        states: Mapping[str, bool] = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_SECONDS), httpx.AsyncClient(base_url=self.url) as client:
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        answer = await client.get("/readyz", timeout=10)
                        if answer.status_code == httpx.codes.OK:
                            return
                        states = answer.json()["parts"]
                    await asyncio.sleep(0.1)
        late = ", ".join(name for name, ready in states.items() if not ready)
        raise LocalStackError(f"not ready after {_READY_SECONDS} s: {late}; see {self.home.logs}")

    async def _seed(self, issuer: TokenIssuer) -> tuple[DemoDesk, SchoolDesk]:
        try:
            async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
                seeder = Seeder(client, issuer, self.home.path / "demo.json", self.url)
                school = await seeder.seed_school()
                return await seeder.seed(), school
        except (SeedError, httpx.HTTPError) as error:
            raise LocalStackError(f"the demo desks cannot be set up: {error!r}; see {self.home.logs}") from error


async def _until_listening(port: int, server: asyncio.Task[None]) -> None:
    while not server.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    await server
