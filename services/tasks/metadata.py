"""The tables of the schema `tasks`: messaging first, the slices add theirs; and what several of them share."""

from sqlalchemy import CheckConstraint, MetaData

from libs.common.messaging.inbox.tables import inbox_tables
from libs.common.messaging.outbox.tables import outbox_tables
from libs.common.platform.attention.tables import attention_table
from libs.common.platform.audit.tables import audit_table
from libs.common.platform.auth.tables import stream_ticket_table
from libs.common.platform.db.naming import NAMING
from libs.common.platform.edits.tables import edit_table
from libs.common.platform.erasure.tables import erasure_tables, retention_table
from libs.common.platform.filters.tables import saved_filter_table
from libs.common.platform.http.idempotency import idempotency_table

metadata = MetaData(naming_convention=NAMING)
outbox_tables(metadata)
inbox_tables(metadata)
idempotency_table(metadata)
edit_table(metadata)
attention_table(metadata)
saved_filter_table(metadata)
erasure_tables(metadata)
retention_table(metadata)
audit_table(metadata)
stream_ticket_table(metadata)


def subject_checks() -> tuple[CheckConstraint, CheckConstraint]:
    """Return what holds of the columns that name a subject: its id is `lead_id` or `subject_id`, never both."""
    return (
        CheckConstraint("subject_kind IN ('lead', 'customer', 'partner', 'staff')", name="subject_kind"),
        CheckConstraint(
            "(lead_id IS NULL) <> (subject_id IS NULL) AND (lead_id IS NULL OR subject_kind = 'lead')",
            name="subject",
        ),
    )
