import hashlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import jars
from deploy.local.jars import Jars
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import CANDIDATES, Register, free_ports, require_free
from deploy.local.process import LocalStackError, lock_file

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedKafka]:
    broker = EmbeddedKafka(Path(tempfile.mkdtemp(prefix="dozvon-try-")))
    yield broker
    broker.destroy()


@pytest.fixture
def cached(tmp_path: Path) -> tuple[Path, Jars]:
    """A cache that holds the one jar of a one-jar lock, and that lock."""
    content = b"a jar"
    wanted = Jars((("org.example:tool:1", hashlib.sha256(content).hexdigest()),))
    (tmp_path / wanted.folder).mkdir()
    (tmp_path / wanted.folder / "tool-1.jar").write_bytes(content)
    return tmp_path, wanted


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


async def produce(bootstrap: str, topic: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    await producer.start()
    for value in values:
        await producer.send_and_wait(topic, value)
    await producer.stop()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    values = [(await consumer.getone()).value for _ in range(count)]
    await consumer.stop()
    return values


async def test_restart_keeps_records_and_address(broker: EmbeddedKafka) -> None:
    first = broker.start()
    await create_topic(first, "kept")
    await produce(first, "kept", b"1", b"2")
    broker.stop()
    assert broker.start() == first
    assert await consume(first, "kept", 2) == [b"1", b"2"]


async def test_kill_9_keeps_acknowledged_records(broker: EmbeddedKafka) -> None:
    await create_topic(broker.start(), "survived")
    sent = [str(number).encode() for number in range(200)]
    await produce(broker.url, "survived", *sent)
    broker.kill()
    assert await consume(broker.start(), "survived", 200) == sent


async def test_a_broker_takes_a_topic_as_soon_as_it_is_started(broker: EmbeddedKafka) -> None:
    broker.stop()
    await create_topic(broker.start(), "at-once")
    await produce(broker.url, "at-once", b"x")
    assert await consume(broker.url, "at-once", 1) == [b"x"]


def test_a_taken_port_gives_one_line_and_is_kept(broker: EmbeddedKafka) -> None:
    port = int(broker.start().rpartition(":")[2])
    broker.stop()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(LocalStackError, match=rf"^port {port} .*$"):
        broker.start()
    assert broker.start() == f"127.0.0.1:{port}"


def test_a_running_broker_listens_on_loopback_alone(broker: EmbeddedKafka) -> None:
    broker.start()
    listening = [one.laddr for one in psutil.Process(broker.pid).net_connections("tcp") if one.status == "LISTEN"]
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_a_folder_in_use_is_refused(broker: EmbeddedKafka) -> None:
    broker.start()
    with pytest.raises(LocalStackError, match="is in use by another running stack"):
        EmbeddedKafka(broker.data_dir).start()


def test_a_broker_left_by_a_crashed_parent_is_taken_over(broker: EmbeddedKafka) -> None:
    broker.start()
    left = psutil.Process(broker.pid)
    assert broker._lock
    broker._lock.close()  # as the kernel does for a parent that is gone
    heir = EmbeddedKafka(broker.data_dir)
    heir.start()
    assert (left.is_running() and left.status() != psutil.STATUS_ZOMBIE) is False
    heir.stop()


def test_a_broken_data_folder_gives_one_line(broker: EmbeddedKafka) -> None:
    broker.stop()
    meta = broker.data_dir / "data" / "meta.properties"
    whole = meta.read_text()
    meta.write_text(whole.replace("node.id=1", "node.id=2"))
    with pytest.raises(LocalStackError, match=r"^Kafka cannot run in .*node.*$"):
        broker.start()
    meta.write_text(whole)


def test_lost_ports_give_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "ports.json").write_text("{")
    with pytest.raises(LocalStackError, match=r"^.*ports.json does not hold Kafka's ports; .*$"):
        EmbeddedKafka(tmp_path).start()


def test_matching_jars_are_used_from_the_cache(cached: tuple[Path, Jars]) -> None:
    cache, wanted = cached
    assert jars.fetch(cache, print, wanted) == cache / wanted.folder


def test_a_jar_with_another_sum_is_refused(cached: tuple[Path, Jars]) -> None:
    cache, wanted = cached
    (cache / wanted.folder / "tool-1.jar").write_bytes(b"another jar")
    with pytest.raises(LocalStackError, match=r"^refused: .*tool-1.jar has not the sha256 of the lock"):
        jars.fetch(cache, print, wanted)


@pytest.mark.parametrize("change", ["missing", "extra"])
def test_a_set_of_jars_other_than_the_lock_is_refused(cached: tuple[Path, Jars], change: str) -> None:
    cache, wanted = cached
    jar = cache / wanted.folder / "tool-1.jar"
    jar.rename(cache / "gone.jar") if change == "missing" else jar.with_name("extra.jar").touch()
    with pytest.raises(LocalStackError, match=r"^refused: jars in .* differ from the lock: "):
        jars.fetch(cache, print, wanted)


def test_a_second_fetch_waits_for_the_first(cached: tuple[Path, Jars]) -> None:
    cache, wanted = cached
    with lock_file(cache / "lock", wait=True):
        second = threading.Thread(target=jars.fetch, args=(cache, print, wanted))
        second.start()
        second.join(0.2)
        assert second.is_alive()
    second.join(5)
    assert not second.is_alive()


def test_every_jar_of_the_committed_lock_has_a_sum() -> None:
    entries = json.loads(jars.LOCK.read_text())
    assert len(Jars.of_lock().files) == len(entries)
    assert all(len(bytes.fromhex(entry["sha256"])) == 32 for entry in entries)


def test_free_ports_differ_and_lie_below_the_clients_range() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert set(ports) <= set(CANDIDATES)


def test_a_port_is_drawn_once_by_a_process() -> None:
    first = free_ports(200)
    assert set(first).isdisjoint(free_ports(200))


def test_a_port_that_another_process_has_drawn_is_not_free_until_that_has_ended(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from deploy.local.ports import Register;"
    code += " print(Register(Path(sys.argv[1])).take(15000), flush=True); input()"
    command = [sys.executable, "-c", code, str(tmp_path / "ports")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs, register = other.stdout.readline(), Register(tmp_path / "ports")
        meanwhile = [register.take(port) for port in (15000, 15001)]
        other.communicate("\n")
    assert (theirs, meanwhile, register.take(15000)) == ("True\n", [False, True], True)


def test_ports_that_cannot_be_noted_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="gone/ports"):
        Register(tmp_path / "gone" / "ports").take(15000)


def test_a_port_that_is_listened_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(LocalStackError, match="gateway"):
        require_free(taken.getsockname()[1], "the gateway")
