"""Delivery rates over the wire."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

import asyncpg
from pydantic import BaseModel

from services.notifications.autopilot.rules import End, share, totals
from services.notifications.providers.values import ChannelKind


class Ends(BaseModel):
    """What became of calls and messages. What lies in a message or its recipient counts for nothing.

    `accepted_share`: of the calls; `delivered_share`: of the messages whose end the provider has reported. Both are
    0–1, null of none.
    """

    accepted: int
    refused: int
    unanswered: int
    delivered: int
    lost: int
    accepted_share: float | None
    delivered_share: float | None


class ChannelRates(Ends):
    """How an active channel delivers. `halted_code`: why nothing is sent by it until a person resumes it."""

    channel_id: UUID
    desk: str
    code: str
    kind: ChannelKind
    provider: str
    halted_code: str | None


class ProviderRates(Ends):
    """How all shown channels of a provider deliver."""

    provider: str


class DeliveryRates(BaseModel):
    """How channels delivered in the last hours, and their providers."""

    channels: list[ChannelRates]
    providers: list[ProviderRates]

    @classmethod
    def of(cls, rows: Sequence[asyncpg.Record]) -> Self:
        providers: dict[str, list[asyncpg.Record]] = {}
        for row in rows:
            providers.setdefault(str(row["provider"]), []).append(row)
        return cls(
            channels=[ChannelRates.model_validate({**row, **_ends([row])}) for row in rows],
            providers=[
                ProviderRates.model_validate({"provider": provider, **_ends(some)})
                for provider, some in sorted(providers.items())
            ],
        )


def _ends(rows: Sequence[asyncpg.Record]) -> dict[str, object]:
    found = totals({end: row[end] for end in End} for row in rows)
    return {
        **{str(end): found[end] for end in End},
        "accepted_share": share(found[End.ACCEPTED], found[End.REFUSED] + found[End.UNANSWERED]),
        "delivered_share": share(found[End.DELIVERED], found[End.LOST]),
    }
