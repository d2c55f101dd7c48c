"""The containers' mode where there is no container service; with one, the whole suite is its test."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from deploy.local.process import LocalStackError
from libs.common.testkit.containers import kafka_container, postgres_container

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("server", [postgres_container, kafka_container])
def test_no_container_service_fails_in_one_line(
    server: Callable[[], AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(LocalStackError, match=r"^no container service answers: "), server():
        pass
