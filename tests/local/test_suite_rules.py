import socket
import urllib.request

import pytest

from libs.common.testkit.servers import chosen, kafka_server, postgres_server


@pytest.mark.filterwarnings("ignore:A test tried")
def test_a_unit_test_opens_no_network_socket() -> None:
    with pytest.raises(RuntimeError, match="A test tried to use socket"):
        socket.create_connection(("127.0.0.1", 1))


def test_a_unit_test_may_use_unix_sockets() -> None:
    left, right = socket.socketpair()
    with left, right:
        assert left.family == socket.AF_UNIX


@pytest.mark.servers
@pytest.mark.filterwarnings("ignore:A test tried")
def test_a_test_with_servers_reaches_loopback_alone() -> None:
    with pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)


def test_given_servers_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_URL", "postgresql://a:b@db.example:5432/c")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "one.example:9092,two.example:9092")
    with postgres_server() as url, kafka_server() as bootstrap:
        assert (url, bootstrap) == ("postgresql://a:b@db.example:5432/c", "one.example:9092,two.example:9092")


def test_an_unknown_kind_of_servers_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOZVON_TEST_SERVERS", "none")
    with pytest.raises(ValueError, match="none"):
        chosen()


async def test_the_suite_has_its_servers(postgres_url: str, kafka_bootstrap: str) -> None:
    assert postgres_url.startswith("postgresql://")
    assert ":" in kafka_bootstrap
