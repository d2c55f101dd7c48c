"""The tables of this service: messaging first, the slices add theirs."""

from sqlalchemy import MetaData

from libs.common.connect.poll.tables import poll_table
from libs.common.messaging.inbox.tables import inbox_tables
from libs.common.messaging.outbox.tables import outbox_tables
from libs.common.platform.db.naming import NAMING
from libs.common.platform.http.idempotency import idempotency_table

metadata = MetaData(naming_convention=NAMING)
outbox_tables(metadata)
inbox_tables(metadata)
idempotency_table(metadata)
poll_table(metadata)
