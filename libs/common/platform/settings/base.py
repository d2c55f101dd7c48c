"""The settings every service has.

A service adds its own: `class IntakeSettings(ServiceSettings, env_prefix="INTAKE_")` in its `settings.py`;
the docstring under a field is its line in the table of docs/settings.md.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from libs.common.connect.egress import places
from libs.common.platform.sealing import DataKeys
from libs.common.platform.settings.source import SHARED, EnvironmentSource, SettingsError, retired_keys

Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
PoolSize = Annotated[int, Field(ge=1, le=500)]
Port = Annotated[int, Field(ge=0, le=65_535)]


_ORIGIN = r"(\*|https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?)"


class ServiceSettings(BaseSettings):
    """Frozen; built once where the service is put together. `load` reads the environment."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    postgres_url: Annotated[SecretStr, SHARED]
    """`postgresql://role@host:port/database` of the service's own role."""
    postgres_password: Annotated[SecretStr | None, SHARED] = None
    """Password of that role, where it does not stand in the URL."""
    kafka_bootstrap: Annotated[str, SHARED] = "127.0.0.1:9092"
    """Brokers, `host:port` with commas between."""
    topic_prefix: Annotated[str, SHARED, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,60}$")] = "dozvon"
    """First part of topic and consumer group names; stacks that share a broker differ here."""
    instance: Annotated[str | None, SHARED, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = None
    """The replica's own name: Kafka's `group.instance.id`. Absent: dynamic membership."""
    topic_partitions: Annotated[int, SHARED, Field(ge=1, le=1000)] = 12
    """Partitions of a new topic (people, parties: 3 at most); for good, because they decide where a key goes."""

    pool_size: PoolSize = 8
    """Connections for use cases, and as many for what is accepted or consumed."""
    read_pool_size: PoolSize = 4
    """Connections for reads."""
    statement_timeout_ms: Milliseconds = 15_000
    """Milliseconds that one SQL statement may take."""
    lock_timeout_ms: Milliseconds = 5_000
    """Milliseconds to wait for a lock."""
    idle_in_transaction_timeout_ms: Milliseconds = 30_000
    """Milliseconds after which the server ends an idle transaction."""

    host: str = "127.0.0.1"
    """Address the API listens on."""
    port: Port = 8000
    """Port the API listens on."""
    worker_port: Port = 0
    """Port of the worker's health and metrics; 0: any free one."""
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], SHARED] = "INFO"
    """Least level that is logged."""
    otlp_endpoint: Annotated[str | None, SHARED] = None
    """URL of an OTLP/HTTP traces receiver (`http://collector:4318/v1/traces`). Absent: nothing is recorded."""

    jwks_url: Annotated[str | None, SHARED] = None
    """Where the token issuer publishes its keys. An API does not start without this or `JWKS_FILE`."""
    jwks_file: Annotated[Path | None, SHARED] = None
    """A file with the issuer's keys, instead of the URL."""
    jwt_issuer: Annotated[str, SHARED] = "https://dozvon.local"
    """`iss` that tokens must carry."""
    jwt_audience: Annotated[str, SHARED] = "dozvon"
    """`aud` that tokens must carry."""

    cors_origins: Annotated[str, SHARED, Field(pattern=rf"^({_ORIGIN}(,{_ORIGIN})*)?$")] = ""
    """Origins whose pages may call the APIs (`https://desk.example.com`), with commas between; `*` is any."""

    audit_days: Annotated[int, SHARED, Field(ge=90, le=36_500)] = 1095
    """Days for which the audit log keeps who read whose personal data."""

    data_keys: Annotated[SecretStr | None, SHARED] = None
    """Keys of stored secrets, `id:base64` each (`dozvon keys new`); the first seals. Intake and notifications do
    not start without."""
    egress_allow: Annotated[str, SHARED] = ""
    """Places of our own network that may be called, `host:port` with commas between; empty in production."""

    clock_file: Annotated[Path | None, SHARED] = None
    """Offset file of the movable business clock: the embedded stack alone has one."""

    @property
    def origins(self) -> frozenset[str]:
        """The origins whose pages may call the APIs."""
        return frozenset(filter(None, self.cors_origins.split(",")))

    @field_validator("kafka_bootstrap")
    @classmethod
    def _has_brokers(cls, value: str) -> str:
        brokers = [broker.strip() for broker in value.split(",") if broker.strip()]
        if not brokers or not all(broker.rpartition(":")[2].isdigit() for broker in brokers):
            raise ValueError("give host:port with commas between")
        return ",".join(brokers)

    @field_validator("data_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            DataKeys.parse(value.get_secret_value())
        return value

    @field_validator("egress_allow")
    @classmethod
    def _are_places(cls, value: str) -> str:
        places(value)
        return value

    @field_validator("postgres_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme not in {"postgresql", "postgres"}:
            raise ValueError("give a postgresql:// URL")
        return value

    @field_validator("jwks_url")
    @classmethod
    def _is_web(cls, value: str | None) -> str | None:
        if value is not None and not ((url := urlsplit(value)).scheme in {"http", "https"} and url.hostname):
            raise ValueError("give an http(s):// URL")
        return value

    @model_validator(mode="after")
    def _one_key_source(self) -> Self:
        if self.jwks_url and self.jwks_file:
            raise ValueError("give JWKS_URL or JWKS_FILE, not both")
        return self

    @cached_property
    def keys(self) -> DataKeys:
        """The keys of stored secrets. Raises SettingsError when none are given."""
        if self.data_keys is None:
            raise SettingsError("DATA_KEYS is missing: secrets are not kept without a key (`dozvon keys new`)")
        return DataKeys.parse(self.data_keys.get_secret_value())

    @property
    def token_keys(self) -> Path | str:
        """Where the token issuer's keys are: a file or a URL. Raises SettingsError when neither is given."""
        if (place := self.jwks_file or self.jwks_url) is None:
            raise SettingsError("JWKS_URL or JWKS_FILE is missing: an API without a token issuer lets nobody in")
        return place

    @property
    def postgres_dsn(self) -> str:
        """Return the URL to connect with, the password in it."""
        url = urlsplit(self.postgres_url.get_secret_value())
        netloc = url.netloc
        if self.postgres_password is not None:
            user, _, place = url.netloc.rpartition("@")
            name = user.partition(":")[0]
            netloc = f"{name}:{quote(self.postgres_password.get_secret_value(), safe='')}@{place}"
        return urlunsplit(url._replace(scheme="postgresql", netloc=netloc))

    @classmethod
    def load(cls) -> Self:
        """Read the environment. Raises SettingsError, one sentence that names every faulty key and no value."""
        try:
            return cls()
        except ValidationError as error:
            prefix = cls.model_config.get("env_prefix") or ""
            faults = [
                f"{prefix}{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
                for fault in error.errors(include_input=False, include_url=False)
            ]
            raise SettingsError("; ".join(faults)) from None

    @classmethod
    def ignored(cls) -> list[str]:
        """Return the keys in the environment that an earlier release read and this one does not."""
        return sorted(retired_keys(str(cls.model_config.get("env_prefix") or ""), os.environ))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments first, then our environment source; no dotenv files."""
        return init_settings, EnvironmentSource(settings_cls)
