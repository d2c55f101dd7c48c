"""A supervisor's board counts what waits for a person at intake."""

from datetime import UTC, datetime

import pytest

from libs.common.contracts.attention import IntakeAttentionRaised
from libs.common.platform.attention.watch import look
from services.intake.app import SAY
from services.intake.attention import KINDS, QUARANTINED
from tests.intake.api import Api
from tests.intake.test_reruns import OLD, kept


@pytest.mark.req("U5", "S2.2")
async def test_the_quarantine_is_counted_with_its_oldest(api: Api) -> None:
    await api.source()
    for reason, headers, body in OLD[:2]:
        await kept(api, reason, headers, body)
    (row,) = (await api.call("GET", "/attention")).json()["items"]
    assert (row["desk"], row["kind"], row["count"]) == ("demo", "quarantine", 2)
    assert (await api.ok("GET", "/attention?desk=cars"))["items"] == []


@pytest.mark.req("P.12")
async def test_a_quarantine_over_its_limit_is_raised(api: Api) -> None:
    await api.source()
    (reason, headers, body), now = OLD[0], datetime(2026, 3, 2, 9, tzinfo=UTC)
    for count in range(QUARANTINED):
        assert await api.said(IntakeAttentionRaised) == [], count
        await kept(api, reason, headers, body)
        await look(api.ctx.core.db, KINDS, SAY, now)
    (raised,) = await api.said(IntakeAttentionRaised)
    assert (raised.kind, raised.ref, raised.count) == ("quarantine", "", QUARANTINED)
