"""The product as eight processes, each service's API and worker alone, with the stand-ins beside them."""

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx

from deploy.demo.desk import DemoDesk, Seeder
from deploy.local.children import Children
from deploy.local.ports import free_ports
from deploy.local.under_way import Topics, Unread
from deploy.standins.client import http_client
from deploy.standins.journal import Journal
from libs.common.messaging.bus.topics import ensure_topics
from libs.common.platform import faultpoints
from libs.common.platform.clock import SharedClock
from libs.common.platform.db.roles import SERVICES
from libs.common.testkit.database import StackDatabase
from libs.common.testkit.issuer import TokenIssuer
from tests.support.forked import ForkedChildren
from tests.support.routing import RoutingTransport

READY_SECONDS = 60
VAPID_KEY = base64.urlsafe_b64encode(bytes(31) + b"\x07").decode()
DATA_KEYS = "tests:" + base64.b64encode(bytes(32)).decode()


@dataclass
class ProcessStack:
    """Eight service processes on one database and one broker; dead ones are restarted."""

    home: Path
    database: StackDatabase
    bootstrap: str
    prefix: str
    partitions: int = 3
    standin: tuple[str, ...] = ()
    #: Added to the environment of every service process.
    env: Mapping[str, str] = field(default_factory=dict)
    #: Added to the environment of a process's first life: fault points.
    once: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [f"{service}-{part}" for service in SERVICES for part in ("api", "worker")]
        names.append("standins")
        *ports, self.mail_port = free_ports(len(names) + 1)
        self.ports = dict(zip(names, ports, strict=True))
        self.issuer = TokenIssuer.in_folder(self.home / "keys")
        self.clock = SharedClock(self.home / "clock")
        self.said: list[str] = []
        (self.home / "logs").mkdir(exist_ok=True)
        self.children: Children = ForkedChildren(self.home / "logs", self.said.append)
        self.transport = RoutingTransport({service: self.ports[f"{service}-api"] for service in SERVICES})
        self.client = httpx.AsyncClient(transport=self.transport, base_url="http://stack", timeout=30)

    @property
    def topics(self) -> Topics:
        return Topics(self.bootstrap, self.prefix, self.partitions)

    @property
    def seeder(self) -> Seeder:
        """Makes the demo desks."""
        return Seeder(self.client, self.issuer, self.home / "demo.json", "http://stack")

    @cached_property
    def unread(self) -> Unread:
        """What the workers have not read; made when it is first asked for."""
        return Unread(self.topics)

    @cached_property
    def standins(self) -> httpx.AsyncClient:
        """A client of the stand-ins of providers."""
        return http_client(base_url=f"http://127.0.0.1:{self.ports['standins']}", timeout=10)

    @property
    def journal_path(self) -> Path:
        return self.home / "journals" / "wazzup.jsonl"

    @property
    def standin_arguments(self) -> list[str]:
        places = ["--journals", str(self.journal_path.parent), "--clock", str(self.home / "clock")]
        where = ["--port", str(self.ports["standins"]), "--mail-port", str(self.mail_port)]
        return [*where, *places, *self.standin]

    def journal(self) -> Journal:
        """What the stand-in accepted until now, read from its file."""
        return Journal.read(self.journal_path)

    def journal_of(self, provider: str) -> Journal:
        """Return what a provider's stand-in took until now, read from its file."""
        return Journal.read(self.journal_path.with_name(f"{provider}.jsonl"))

    def relay_journal(self) -> Journal:
        """Return what the mail relay took until now."""
        return self.journal_of("smtp")

    async def tell(self, provider: str, path: str, body: Mapping[str, object]) -> None:
        """Tell a provider's stand-in what its customers do, or what it is to do."""
        answer = await self.standins.post(f"/{provider}/{path}", json=body)
        assert answer.is_success, answer.text

    def token(self, sub: str = "admin", *roles: str) -> dict[str, str]:
        """Return the header of a caller: of an administrator of all desks, of others of the demo desk."""
        given = roles or ("admin",)
        desks = ["*"] if "admin" in given else ["demo"]
        return {"Authorization": f"Bearer {self.issuer.token(sub, given, desks)}"}

    @asynccontextmanager
    async def administrator(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client of all services with the token of an administrator of all desks."""
        headers = {**self.token(), "Accept-Language": "en"}
        async with httpx.AsyncClient(
            transport=self.transport, base_url="http://stack", headers=headers, timeout=30
        ) as client:
            yield client

    async def open_account(self, key: str, channel: str) -> None:
        """Open an account of one channel at the messenger's stand-in."""
        body = {"key": key, "channel_ids": [channel]}
        async with http_client() as client:
            answer = await client.post(f"http://127.0.0.1:{self.ports['standins']}/wazzup/_accounts", json=body)
            answer.raise_for_status()

    async def start(self) -> DemoDesk:
        """Start all nine processes, wait until they are ready, make the demo desk."""
        await ensure_topics(self.bootstrap, self.prefix, self.partitions)
        for name in self.ports:
            await self.start_process(name)
        await self.until_ready(*self.ports)
        return await self.seeder.seed()

    async def start_process(self, name: str) -> None:
        if name == "standins":
            await self.children.start(name, ["deploy.standins", *self.standin_arguments], os.environ)
            return
        service, part = name.split("-")
        env = {**os.environ, **self._environment(service), **self.env}
        await self.children.start(name, [f"services.{service}", part], env, self.once.get(name, {}))

    async def start_second(self, service: str) -> None:
        """Start a second worker of a service beside its first one."""
        own, port = service.upper(), free_ports(1)[0]
        mine = {f"{own}_INSTANCE": f"{service}-{self.prefix}-2", f"{own}_WORKER_PORT": str(port)}
        env = {**os.environ, **self._environment(service), **self.env, **mine}
        await self.children.start(f"{service}-worker-2", [f"services.{service}", "worker"], env)

    async def halt(self, *names: str) -> None:
        await asyncio.gather(*(self.children.halt(name) for name in names))

    def kill(self, name: str) -> None:
        """SIGKILL a process; it is started again at once."""
        os.kill(self.children.pids()[name], signal.SIGKILL)

    def fell(self, name: str) -> bool:
        """Return whether a process has died at its fault point."""
        return faultpoints.FALLEN in (self.home / "logs" / f"{name}.log").read_text()

    async def until_ready(self, *names: str, seconds: float = READY_SECONDS) -> None:
        """Wait until all of them are. Raises TimeoutError, with the one that is not and what has died."""
        name = ""
        try:
            async with asyncio.timeout(seconds), http_client() as client:
                for name in names:
                    while not await self._answers(client, name):
                        await asyncio.sleep(0.1)
        except TimeoutError:
            raise TimeoutError(
                f"{name} is not ready after {seconds:.0f} s; {self.said[-len(self.ports) :]}"
            ) from None

    async def stop(self) -> None:
        await self.client.aclose()
        await self.unread.close()
        await self.standins.aclose()
        await self.children.stop()
        self.clock.close()

    def _environment(self, service: str) -> dict[str, str]:
        own = service.upper()
        return {
            "POSTGRES_URL": self.database.url(service),
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "TOPIC_PREFIX": self.prefix,
            "JWKS_FILE": str(self.home / "keys" / "jwks.json"),
            f"{own}_DATA_KEYS": DATA_KEYS,
            f"{own}_INSTANCE": f"{service}-{self.prefix}",
            f"{own}_CLOCK_FILE": str(self.home / "clock"),
            f"{own}_PORT": str(self.ports[f"{service}-api"]),
            f"{own}_WORKER_PORT": str(self.ports[f"{service}-worker"]),
            **(self._outside(own) if service in ("intake", "notifications") else {}),
            **(self._messenger() if service == "notifications" else {}),
        }

    def _outside(self, own: str) -> dict[str, str]:
        place = f"127.0.0.1:{self.ports['standins']}"
        allowed = f"{place},127.0.0.1:{self.mail_port}"
        return {f"{own}_STANDINS_URL": f"http://{place}/", f"{own}_EGRESS_ALLOW": allowed}

    def _messenger(self) -> dict[str, str]:
        return {
            "NOTIFICATIONS_MEDIA_FOLDER": str(self.home / "media"),
            "NOTIFICATIONS_VAPID_KEY": VAPID_KEY,
            "NOTIFICATIONS_VAPID_SUBJECT": "mailto:admin@example.com",
            "NOTIFICATIONS_PUBLIC_URL": f"http://127.0.0.1:{self.ports['notifications-api']}",
        }

    async def _answers(self, client: httpx.AsyncClient, name: str) -> bool:
        service, _, part = name.partition("-")
        path = {"api": f"/{service}/readyz", "worker": "/readyz", "": "/"}[part]
        try:
            answer = await client.get(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=5)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK


@asynccontextmanager
async def process_stack(stack: ProcessStack) -> AsyncIterator[ProcessStack]:
    """Stop everything at the end of the block, after an error too."""
    async with AsyncExitStack() as cleanup:
        cleanup.push_async_callback(stack.stop)
        yield stack
