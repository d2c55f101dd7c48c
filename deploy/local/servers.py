"""The two servers of the stack: embedded ones kept alive, or those that the environment names."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from deploy.local.home import Home
from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import EmbeddedServer, LocalStackError

_LOOK = 0.5  # seconds between two looks at whether a server still runs
_PAUSE_LIMIT = 30.0  # seconds between two tries to start one that does not come back


@dataclass
class Servers:
    """PostgreSQL and Kafka. A given `postgres_url` or `kafka_bootstrap` takes the place of the embedded one."""

    home: Home
    say: Callable[[str], None]
    postgres_url: str = ""
    kafka_bootstrap: str = ""
    _embedded: list[EmbeddedServer] = field(default_factory=list)

    async def start(self) -> None:
        """Start both at once. Raises LocalStackError with one clear line."""
        postgres = None if self.postgres_url else EmbeddedPostgres(self.home.postgres)
        kafka = None if self.kafka_bootstrap else EmbeddedKafka(self.home.kafka, on_progress=self.say)
        # Known before they start: a stop in the middle of it takes them down.
        self._embedded = [server for server in (postgres, kafka) if server is not None]
        await asyncio.gather(*(self._start(server) for server in self._embedded))
        self.postgres_url = postgres.url if postgres else self.postgres_url
        self.kafka_bootstrap = kafka.url if kafka else self.kafka_bootstrap

    async def watch(self) -> None:
        """Restart a server that died, and say so; retry one that cannot start, with growing pauses."""
        await asyncio.gather(*(self._keep(server) for server in self._embedded))

    async def stop(self) -> None:
        """Stop the embedded servers, Kafka first; an error of one does not keep the other running."""
        async with AsyncExitStack() as stops:
            for server in self._embedded:
                stops.push_async_callback(asyncio.to_thread, server.stop)

    def pids(self) -> dict[str, int]:
        """Return the process id of each embedded server."""
        return {server.title.lower(): pid for server in self._embedded if (pid := server.pid) is not None}

    async def _start(self, server: EmbeddedServer) -> None:
        self.say(f"starting {server.title}")
        await asyncio.to_thread(server.start)

    async def _keep(self, server: EmbeddedServer) -> None:
        pause = _LOOK
        while True:
            await asyncio.sleep(pause)
            if server.pid is not None:
                pause = _LOOK
                continue
            self.say(f"{server.title} died; starting it again")
            try:
                await asyncio.to_thread(server.start)
            except LocalStackError as error:
                pause = min(pause * 2, _PAUSE_LIMIT)
                self.say(f"{error}; once more in {pause:.0f} s")
