"""What a desk has at notifications."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from libs.common.platform.erasure.kept import read_retention
from libs.common.platform.sealing import DataKeys
from services.notifications.channels.actions import LISTS
from services.notifications.channels.convert import config_of, is_heard, public_part, webhook_path
from services.notifications.configuration.schemas import ChannelPart, NotificationsPart, TemplatePart
from services.notifications.erasures.schemas import NotificationsRetention
from services.notifications.providers.base import ProviderConfig
from services.notifications.sending.rules import Sending
from services.notifications.sending.schemas import SendingPart
from services.notifications.sending.store import sending_of

# Retired ones too: they are made active again. Locked: who changes one by another call waits.
CHANNELS = "SELECT * FROM channel WHERE desk = $1 ORDER BY code FOR UPDATE"
IN_USE = """
SELECT DISTINCT ON (code) code, bodies, variants, types, situation FROM template
WHERE desk = $1 AND state = 'approved' AND retired_at IS NULL ORDER BY code, version DESC
"""
# The turns of all templates that the desk has or is to have, as `templates/store.py` takes them one by one.
TURNS = """
SELECT pg_advisory_xact_lock(hashtext('template'), hashtext($1 || ' ' || code))
FROM (SELECT code FROM template WHERE desk = $1 UNION SELECT unnest($2::text[]) ORDER BY 1) AS t (code)
"""


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """A channel as it is stored, with its opened configuration."""

    id: UUID
    version: int
    kind: str
    config: ProviderConfig
    rate_5s: int
    lists: Mapping[str, list[str] | None]
    active: bool
    webhook: str | None

    @classmethod
    def of(cls, row: asyncpg.Record, keys: DataKeys) -> "StoredChannel":
        webhook = webhook_path(row["provider"], row["hook_key"]) if is_heard(row["kind"]) else None
        config = config_of(row["id"], row, keys)
        lists = {name: row[name] for name in LISTS}
        return cls(row["id"], row["version"], row["kind"], config, row["rate_5s"], lists, row["active"], webhook)

    def part(self) -> ChannelPart:
        """Return it as a document has it, without secrets."""
        config = ChannelPart.model_validate({"config": public_part(self.config)}).config
        named = {"kind": self.kind, "config": config, "rate_5s": self.rate_5s}
        return ChannelPart.model_validate({**named, **self.lists})


@dataclass(frozen=True, slots=True)
class Found:
    """A desk's channels, retired ones included, and its templates; `part` is what is in use."""

    part: NotificationsPart
    channels: dict[str, StoredChannel]

    @property
    def active(self) -> dict[str, StoredChannel]:
        return {code: channel for code, channel in self.channels.items() if channel.active}

    @property
    def stamp(self) -> str:
        """Return what changes with the secrets of channels (see `configuration.digest`)."""
        return " ".join(f"{channel.id}:{channel.version}" for channel in self.active.values())

    def webhooks(self) -> dict[str, str]:
        return {code: channel.webhook for code, channel in self.active.items() if channel.webhook is not None}


async def take_turns(tx: Transaction, desk: str, templates: Collection[str]) -> None:
    """Wait for who else writes templates of the desk, these new ones included."""
    await tx.conn.execute(TURNS, desk, list(templates))


async def read_desk(tx: Transaction, desk: str, keys: DataKeys) -> Found:
    """Return what a desk has, its channels locked."""
    rows = await tx.conn.fetch(CHANNELS, desk)
    channels = {row["code"]: StoredChannel.of(row, keys) for row in rows}
    templates = {
        row["code"]: TemplatePart.model_validate({name: row[name] for name in TemplatePart.model_fields})
        for row in await tx.conn.fetch(IN_USE, desk)
    }
    said = (await sending_of(tx.conn, [desk])).get(desk, Sending())
    parts = {code: channel.part() for code, channel in channels.items() if channel.active}
    kept = await read_retention(tx.conn, desk, NotificationsRetention)
    part = NotificationsPart(channels=parts, templates=templates, sending=SendingPart.of(said), retention=kept)
    return Found(part, channels)
