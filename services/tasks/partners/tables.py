"""The projection of partners: how they are reached, and what messages say of them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.tasks.metadata import metadata

partner = Table(
    "partner",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("title_ru", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("hours", JSONB, nullable=False),
    Column("address", Text),
    Column("site", Text),
    Column("operator_id", Uuid),
    Column("person", JSONB, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("consultant_id", Uuid),
    Column("calls_go_to", Text, nullable=False, server_default="operator"),
    Column("card_link", Text),
    Column("cabinet_link", Text),
    Column("lines", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Index("ix_partner_lines", "lines", postgresql_using="gin", postgresql_ops={"lines": "jsonb_path_ops"}),
)
