"""Files of received messages: each is fetched once, and lies in the store of objects under a key made of its id."""

from collections.abc import Iterable

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.notifications.media.rules import GONE, FileKind, FileState
from services.notifications.metadata import metadata


def _one_of(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(one)) for one in values)})"


# `reference`: how the provider names the file, only while it is to be fetched. `name`: as its sender has named it;
# `type`, `size`, `sha256`: of its bytes. `due_at` is on the database's clock: when it is looked at, or when its
# lease is over. An object that may just be written goes only then.
media = Table(
    "media",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("message_id", Uuid, ForeignKey("received_message.id"), nullable=False),
    Column("number", SmallInteger, nullable=False),  # its place among the files of its message
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reference", JSONB),
    Column("name", Text),
    Column("type", Text),
    Column("size", Integer),
    Column("sha256", Text),
    Column("code", Text),  # why it is not had: now, or for good
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("lease_token", Uuid),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(_one_of("kind", FileKind), name="kind"),
    CheckConstraint(_one_of("state", (*FileState, GONE)), name="state"),
    CheckConstraint("(state = 'waiting') = (reference IS NOT NULL)", name="reference"),
    CheckConstraint(
        "(state = 'stored') = (type IS NOT NULL AND size IS NOT NULL AND sha256 IS NOT NULL)", name="stored"
    ),
    CheckConstraint("state <> 'refused' OR code IS NOT NULL", name="refused"),
    Index("uq_media_message_id_number", "message_id", "number", unique=True),
    Index("ix_media_due_at", "due_at", postgresql_where=text("state IN ('waiting', 'gone')")),
)
