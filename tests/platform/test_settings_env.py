"""Settings: their sources, and that mistakes are reported before anything starts."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from libs.common.platform.settings import ServiceSettings, SettingsError, settings_table


class DeskSettings(ServiceSettings, env_prefix="DESK_"):
    group_size: int = 128
    """Deliveries in one
    commit."""
    api_key: SecretStr | None = None
    """Key of a provider."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("KAFKA_BOOTSTRAP", "LOG_LEVEL", "INSTANCE"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("POSTGRES_URL", "postgresql://desk:old@db:5433/dozvon?sslmode=require")


def test_the_services_own_key_beats_the_shared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "a:1, b:2")
    monkeypatch.setenv("DESK_LOG_LEVEL", "DEBUG")
    settings = DeskSettings.load()
    assert (settings.log_level, settings.kafka_bootstrap) == ("DEBUG", "a:1,b:2")


def test_ports_are_never_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9999")
    assert DeskSettings.load().port == 8000


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/wörd\n")
    monkeypatch.setenv("POSTGRES_PASSWORD_FILE", str(tmp_path / "password"))
    expected = "postgresql://desk:p%40ss%2Fw%C3%B6rd@db:5433/dozvon?sslmode=require"
    assert DeskSettings.load().postgres_dsn == expected


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_API_KEY_FILE", "/nowhere/key")
    with pytest.raises(SettingsError, match="DESK_API_KEY_FILE"):
        DeskSettings.load()


def test_an_unknown_key_of_the_service_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_GROUPSIZE", "1")
    with pytest.raises(SettingsError, match="DESK_GROUPSIZE"):
        DeskSettings.load()


@pytest.mark.parametrize("key", ["DESK_RELAY_HINT_PORT", "DESK_RELAY_HINT_PORT_FILE"])
def test_a_setting_of_an_earlier_release_is_ignored(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(key, "7")
    assert DeskSettings.load() == DeskSettings(
        postgres_url=SecretStr("postgresql://desk:old@db:5433/dozvon?sslmode=require")
    )
    assert DeskSettings.ignored() == [key]


def test_an_unknown_argument_is_refused() -> None:
    with pytest.raises(ValidationError):
        DeskSettings(gruop_size=1)  # type: ignore[call-arg] # what is tested


def test_every_fault_is_named_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_URL", "mysql://root:hunter2@db/x")
    monkeypatch.setenv("DESK_GROUP_SIZE", "hunter2")
    with pytest.raises(SettingsError) as caught:
        DeskSettings.load()
    assert all(key in str(caught.value) for key in ("DESK_POSTGRES_URL", "DESK_GROUP_SIZE"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DESK_POOL_SIZE", "0"),
        ("DESK_PORT", "70000"),
        ("DESK_LOG_LEVEL", "LOUD"),
        ("KAFKA_BOOTSTRAP", "kafka"),
        ("TOPIC_PREFIX", "Бюро"),
        ("INSTANCE", "a b"),
    ],
)
def test_a_senseless_value_is_refused(monkeypatch: pytest.MonkeyPatch, key: str, value: str) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError):
        DeskSettings.load()


def test_keys_come_from_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JWKS_URL", "https://issuer.test/jwks")
    monkeypatch.setenv("JWKS_FILE", str(tmp_path))
    with pytest.raises(SettingsError, match="not both"):
        DeskSettings.load()


@pytest.mark.req("U9")
@pytest.mark.parametrize("url", ["issuer.test/jwks", "file:///keys/jwks.json", "https://"])
def test_an_issuer_that_cannot_be_asked_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("JWKS_URL", url)
    with pytest.raises(SettingsError, match="JWKS_URL"):
        DeskSettings.load()


def test_settings_are_frozen_and_print_no_secret() -> None:
    settings = DeskSettings.load()
    with pytest.raises(ValidationError):
        settings.__setattr__("port", 1)
    assert "old" not in repr(settings)


def test_the_table_shows_every_setting_once_with_its_default() -> None:
    table = settings_table([DeskSettings])
    assert "| `DESK_GROUP_SIZE` | `128` | Deliveries in one commit. |" in table
    assert table.count("POSTGRES_URL`") == 1
    assert all(line.count("|") == 4 for line in table.splitlines())
