"""What the stack's processes take from the environment of who started it."""

import pytest

from deploy.local.environment import chosen, inherited


@pytest.mark.parametrize(
    "name", ["POSTGRES_URL", "POSTGRES_PASSWORD_FILE", "JWT_AUDIENCE", "TASKS_TIMER_BATCH", "INTAKE_UNHEARD_OF"]
)
def test_no_setting_of_the_callers_reaches_a_worker(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "the caller's")
    assert name not in inherited()


def test_what_is_no_setting_reaches_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/certificates.pem")
    assert inherited()["SSL_CERT_FILE"] == "/certificates.pem"


def test_what_a_person_may_choose_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    monkeypatch.setenv("TOPIC_PREFIX", "")
    assert chosen().items() >= {"LOG_LEVEL": "ERROR"}.items()
    assert "TOPIC_PREFIX" not in chosen()
