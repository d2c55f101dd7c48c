"""A desk with channels at several providers: their stand-ins in one server, our webhook for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from deploy.standins.__main__ import GATEWAYS
from deploy.standins.faults import KIND, Profile
from deploy.standins.provider import GatewayAccount, ProviderStandin
from deploy.standins.server import running
from deploy.standins.wazzup import Account, Standin
from libs.common.platform.clock import Clock, SystemClock
from libs.common.platform.db import Database
from services.notifications.channels.convert import webhook_path
from services.notifications.context import Context
from tests.notifications.support import HOOK_KEY, Desk, approved_template, channel, context, webhook_server

QUICK = replace(KIND, read=0.0, callback_delay=0.01)
PHONE = "79000000001"


def gateway(code: str) -> type[ProviderStandin]:
    """Return a provider's stand-in."""
    return next(known for known in GATEWAYS if known.code == code)


def config(code: str, account: GatewayAccount) -> dict[str, object]:
    """Return the configuration of a channel at a stand-in's account."""
    return {"provider": code, **gateway(code).config(account)}


@dataclass
class Gateways(Desk):
    """A desk with several channels, by their provider."""

    public_url: str = ""
    gateways: Mapping[str, ProviderStandin] = field(default_factory=dict)
    channels: Mapping[str, UUID] = field(default_factory=dict)

    def context(self, **changes: object) -> Context:
        return context(self.db, self.url, self.clock, **{"public_url": self.public_url, **changes})

    def texts(self, code: str) -> list[str]:
        """Return what a provider has accepted."""
        return [entry.text for entry in self.gateways[code].journal.entries.values()]

    def write(self, code: str, text: str, phone: str = PHONE) -> None:
        """Let a customer write."""
        standin = self.gateways[code]
        callback = standin.inbound(next(iter(standin.accounts.values())), phone, text)
        assert callback is not None
        standin.later(callback)


@asynccontextmanager
async def open_gateways(
    db: Database, codes: Sequence[str], profile: Profile = QUICK, seed: int = 1, clock: Clock | None = None
) -> AsyncIterator[Gateways]:
    """Open a desk whose channels are at these providers, each subscribed; `wazzup` may be among them."""
    await approved_template(db)
    made = clock or SystemClock()
    async with webhook_server(db) as webhook:
        public_url = webhook.removesuffix(webhook_path("wazzup", HOOK_KEY))
        gateways, channels = {}, {}
        for code in codes:
            if code == "wazzup":
                channels[code] = await channel(db, code=code)
                continue
            key = f"{HOOK_KEY}-{code}"
            account = gateway(code).demo()
            account.callbacks = f"{public_url}{webhook_path(code, key)}"
            gateways[code] = gateway(code)([account], profile, seed, clock=made)
            channels[code] = await channel(db, code=code, config=config(code, account), hook_key=key)
        wazzup = Standin([Account(webhooks_uri=webhook)], profile, seed)
        async with running(wazzup, *gateways.values()) as url:
            yield Gateways(db, url, wazzup, next(iter(channels.values())), made, public_url, gateways, channels)
