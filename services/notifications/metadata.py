"""The tables of this service: messaging first, the slices add theirs."""

from sqlalchemy import MetaData

from libs.common.db.naming import NAMING
from libs.common.http.idempotency import idempotency_table
from libs.common.inbox.tables import inbox_tables
from libs.common.outbox.tables import outbox_tables

metadata = MetaData(naming_convention=NAMING)
outbox_tables(metadata)
inbox_tables(metadata)
idempotency_table(metadata)
