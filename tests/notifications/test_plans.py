"""Plans of what is read of one lead: by an index, never by reading all there are."""

from uuid import uuid4

from sqlalchemy import select

from libs.common.platform.db import Database
from services.notifications.conversations.queries import of_lead
from services.notifications.conversations.tables import thread
from tests.support.plans import reads_whole


async def test_the_conversations_of_a_lead_are_found_by_an_index(notifications_db: Database) -> None:
    assert await reads_whole(notifications_db, select(thread).where(of_lead(uuid4()))) == []
