"""A channel's row as its provider's configuration and adapter, and back: secrets go in and out sealed."""

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import orjson
from pydantic import SecretStr

from libs.common.platform.sealing import DataKeys, Place
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.registry import CONFIGS, PROVIDERS
from services.notifications.providers.values import ChannelKind


def place_of(channel_id: UUID) -> Place:
    """Return where a channel's secrets stand."""
    return Place("channel", "secrets", UUID(int=channel_id.int))


def config_of(channel_id: UUID, row: asyncpg.Record, keys: DataKeys) -> ProviderConfig:
    """Return the configuration of a row. Raises MissingKeyError, BrokenSealError, ValidationError.

    A row with a plain key is one that the release before made or changed: its columns are the configuration.
    """
    if row["api_key"]:
        return CONFIGS.validate_python({name: row[name] for name in ("provider", "api_key", "provider_channel_id")})
    secrets = orjson.loads(keys.open(row["secrets"], place_of(channel_id)))
    return CONFIGS.validate_python({**row["config"], **secrets})


def adapter_of(channel_id: UUID, row: asyncpg.Record, keys: DataKeys, standins: str | None) -> Adapter:
    """Return the adapter of a channel with the columns of its row; `standins`: where providers are played."""
    return adapter(config_of(channel_id, row, keys), standins)


def adapter(config: ProviderConfig, standins: str | None) -> Adapter:
    """Return the adapter of a configuration. A stand-in has its provider's paths, under the provider's code."""
    known = PROVIDERS[config.provider]
    return known(config, known.home if standins is None else f"{standins}{known.code}{urlsplit(known.home).path}")


def shown(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row's configuration without secrets; that of a row of the release before is in its column."""
    config = row["config"] or {name: row[name] for name in ("provider", "provider_channel_id")}
    return cast("dict[str, object]", config)


def public_part(config: ProviderConfig) -> dict[str, object]:
    """Return what is stored and shown as it is."""
    return config.model_dump(mode="json", exclude=set(config.secret_fields()))


def secret_part(config: ProviderConfig) -> dict[str, str]:
    """Return the secrets in the clear: to be sealed or sent, never stored or shown."""
    values = {name: getattr(config, name) for name in sorted(config.secret_fields())}
    return {name: value.get_secret_value() for name, value in values.items() if isinstance(value, SecretStr)}


def sealed_part(config: ProviderConfig, keys: DataKeys, channel_id: UUID) -> str:
    """Return the secrets as they are stored."""
    return keys.seal(orjson.dumps(secret_part(config)).decode(), place_of(channel_id))


def is_heard(kind: str) -> bool:
    """Return whether anything comes to us by a channel of a kind: a team only gets messages."""
    return kind != ChannelKind.TEAM


def webhook_path(provider: str, hook_key: str) -> str:
    """Return the path that the provider posts its callbacks to."""
    return f"/notifications/v1/hooks/{provider}/{hook_key}"
