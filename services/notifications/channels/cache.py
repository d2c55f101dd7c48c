"""Adapters in the process's memory: unsealing and checking a configuration costs more than a callback."""

from uuid import UUID

import asyncpg

from libs.common.platform.sealing import DataKeys
from services.notifications.channels.convert import adapter_of
from services.notifications.providers.base import Adapter


class Adapters:
    """The adapter of each channel, made once per version of its row."""

    def __init__(self, keys: DataKeys, standins: str | None) -> None:
        self._keys, self._standins = keys, standins
        self._made: dict[UUID, tuple[int, Adapter]] = {}

    def of(self, channel_id: UUID, row: asyncpg.Record) -> Adapter:
        """Return the adapter of a channel. Raises MissingKeyError, BrokenSealError, ValidationError."""
        version, adapter = self._made.get(channel_id, (0, None))
        if adapter is None or version != row["version"]:
            adapter = adapter_of(channel_id, row, self._keys, self._standins)
            self._made[channel_id] = row["version"], adapter
        return adapter
