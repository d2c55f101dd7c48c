"""The two servers of the stack: embedded ones kept alive, or those that the environment names."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.local.home import Home
from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import EmbeddedServer

_LOOK = 0.5  # seconds between two looks at whether a server still runs


@dataclass
class Servers:
    """PostgreSQL and Kafka. `POSTGRES_URL` and `KAFKA_BOOTSTRAP` take the place of the embedded ones."""

    home: Home
    say: Callable[[str], None]
    postgres_url: str = field(default_factory=lambda: os.environ.get("POSTGRES_URL", ""))
    kafka_bootstrap: str = field(default_factory=lambda: os.environ.get("KAFKA_BOOTSTRAP", ""))
    _running: list[EmbeddedServer] = field(default_factory=list)

    async def start(self) -> None:
        """Start both at once. Raises LocalStackError with one clear line."""
        starts = []
        if not self.postgres_url:
            starts.append(self._start_postgres())
        if not self.kafka_bootstrap:
            starts.append(self._start_kafka())
        outcomes = await asyncio.gather(*starts, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def watch(self) -> None:
        """Start a server again when it died, and say so. Runs until cancelled."""
        while True:
            await asyncio.sleep(_LOOK)
            for server in self._running:
                if server.pid is None:
                    self.say(f"{server.title} died; starting it again")
                    await asyncio.to_thread(server.start)

    async def stop(self) -> None:
        """Stop the embedded ones: Kafka first, it has nothing to ask of PostgreSQL."""
        for server in reversed(self._running):
            await asyncio.to_thread(server.stop)
        self._running.clear()

    def pids(self) -> dict[str, int]:
        """Return the process id of each embedded server."""
        return {server.title.lower(): server.pid for server in self._running if server.pid is not None}

    async def _start_postgres(self) -> None:
        server = EmbeddedPostgres(self.home.postgres)
        self.say("starting PostgreSQL")
        self.postgres_url = await asyncio.to_thread(server.start)
        self._running.insert(0, server)

    async def _start_kafka(self) -> None:
        server = EmbeddedKafka(self.home.kafka, on_progress=self.say)
        self.say("starting Kafka")
        self.kafka_bootstrap = await asyncio.to_thread(server.start)
        self._running.append(server)
