"""What notifications keeps of a customer: given out, and emptied by who reports late."""

from uuid import UUID

import pytest

from libs.common.contracts.erasures import CustomerErased, Forgotten, NotificationsScrubbed
from libs.common.platform.db import Database
from libs.common.platform.erasure.actions import Eraser
from services.notifications.erasures.places import PLACES
from tests.notifications.api import running_api
from tests.notifications.support import apply, approved_template, channel, context, requested
from tests.support.patience import eventually

pytestmark = pytest.mark.req("P.7")

CUSTOMER, LEAD = UUID(int=8), UUID(int=7)
LATE = """
INSERT INTO callback (desk, channel_id, kind, provider_message_id, status, at, payload, address, state, message_id,
                      received_at, stored_at, look_at)
SELECT desk, gen_random_uuid(), 'status', 'p-1', 'read', now(), '{"to": "79000000001"}', '79000000001',
       'applied', id, now(), now(), now()
FROM message
"""


async def test_an_export_has_the_customers_messages(notifications_db: Database) -> None:
    await approved_template(notifications_db)
    await channel(notifications_db)
    async with running_api(notifications_db) as api:
        await apply(api.ctx, requested(lead_id=LEAD, customer_id=CUSTOMER))
        found = (await api.call("GET", f"/customers/{CUSTOMER}/export")).json()
        tables = {each["table"]: each["rows"] for each in found}
        other = await api.call("GET", f"/customers/{LEAD}/export", desk="other")
    assert ([row["address"] for row in tables["message"]], other.status_code) == (["79000000001"], 404)


async def test_what_a_provider_reports_late_is_emptied_too(notifications_db: Database) -> None:
    await approved_template(notifications_db)
    await channel(notifications_db)
    ctx = context(notifications_db, "http://127.0.0.1:9")
    await apply(ctx, requested(lead_id=LEAD, customer_id=CUSTOMER), erased(Forgotten(phone="+79000000001")))
    eraser = Eraser(ctx.core, PLACES, NotificationsScrubbed)
    await done(notifications_db, eraser)
    await notifications_db.pool.execute(LATE)
    await eraser.again()
    assert (
        await notifications_db.pool.fetch("SELECT FROM callback WHERE address IS NOT NULL OR payload <> '{}'") == []
    )
    await ctx.transport.close()


def erased(person: Forgotten) -> CustomerErased:
    return CustomerErased(
        erasure_id=UUID(int=1), customer_id=CUSTOMER, customer_ids=(CUSTOMER,), lead_ids=(LEAD,), person=person
    )


async def done(db: Database, eraser: Eraser) -> None:
    """Go round until the erasure is done."""

    async def states() -> list[str]:
        await eraser.round()
        return [row[0] for row in await db.pool.fetch("SELECT DISTINCT state FROM erasure")]

    await eventually(states, lambda found: found == ["done"])
