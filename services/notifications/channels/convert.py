"""A channel's row as its provider's adapter."""

from urllib.parse import urlsplit

import asyncpg

from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.registry import CONFIGS, PROVIDERS


def adapter_of(row: asyncpg.Record, standins: str | None) -> Adapter:
    """Return the adapter of a row of `channel`; `standins`: where providers are played."""
    given = {name: row[name] for name in ("provider", "api_key", "provider_channel_id")}
    return adapter(CONFIGS.validate_python(given), standins)


def adapter(config: ProviderConfig, standins: str | None) -> Adapter:
    """Return the adapter of a configuration. A stand-in has its provider's paths, under the provider's code."""
    known = PROVIDERS[config.provider]
    return known(config, known.home if standins is None else f"{standins}{known.code}{urlsplit(known.home).path}")
