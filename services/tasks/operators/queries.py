"""Operators by the subject of their token, and by id."""

from collections.abc import Collection, Mapping
from uuid import UUID

import asyncpg

from libs.common.contracts import shared as wire
from libs.common.contracts.shared import Presence
from libs.common.platform.db import Connection
from services.tasks.engine.facts import Customer
from services.tasks.engine.state import Colleague, Operator, OperatorId, Staff
from services.tasks.operators.rules import OperatorProfile

BY_SUBJECT = "SELECT * FROM operator WHERE subject = $1 ORDER BY active DESC, sequence DESC LIMIT 1"
BY_ID = "SELECT * FROM operator WHERE id = ANY($1::uuid[])"
# A change of an operator waits until work has been given to them, and then finds it; always before processes.
LOCKED = "SELECT * FROM operator WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE"

STAFF = """
SELECT id, name, contact, absent_until, deputy_id, roles, desks, presence IS DISTINCT FROM 'checked_out' AS on_shift
FROM operator WHERE active
"""


async def read_staff(conn: Connection) -> Staff:
    """Return all active operators by id; who was never heard of counts as being on shift."""
    return {row["id"]: _colleague(row) for row in await conn.fetch(STAFF)}


def _colleague(row: asyncpg.Record) -> Colleague:
    contact = wire.Customer.model_validate(row["contact"] or {})
    identities = tuple((each.kind.value, each.value) for each in contact.identities)
    person = Customer(contact.name, contact.phone, contact.phone_raw, contact.email, identities)
    who, absence = Operator(OperatorId(row["id"]), row["name"]), (row["absent_until"], row["deputy_id"])
    may_have = frozenset(row["roles"]), frozenset(row["desks"])
    return Colleague(who, row["on_shift"], person, *absence, *may_have)


async def operator_of(conn: Connection, subject: str) -> OperatorProfile | None:
    """Return the operator of a token's subject, if one is known."""
    row = await conn.fetchrow(BY_SUBJECT, subject)
    return None if row is None else profile_of(row)


async def locked_operator_of(conn: Connection, subject: str) -> OperatorProfile | None:
    """Return the operator of a token's subject, who acts now. Call it before processes are locked."""
    row = await conn.fetchrow(f"{BY_SUBJECT} FOR SHARE", subject)
    return None if row is None else profile_of(row)


async def operators_of(conn: Connection, ids: Collection[UUID]) -> Mapping[UUID, OperatorProfile]:
    """Return operators by id, for reading."""
    return {row["id"]: profile_of(row) for row in await conn.fetch(BY_ID, list(ids))}


async def locked_operators(conn: Connection, ids: Collection[UUID]) -> Mapping[UUID, OperatorProfile]:
    """Return operators to whom work may be given in this transaction. Call it before processes are locked."""
    return {row["id"]: profile_of(row) for row in await conn.fetch(LOCKED, list(ids))} if ids else {}


def profile_of(row: asyncpg.Record) -> OperatorProfile:
    """Return the operator of a row of `operator`."""
    return OperatorProfile(
        row["id"],
        row["name"],
        row["active"],
        frozenset(row["roles"]),
        frozenset(row["desks"]),
        frozenset(row["pools"]),
        frozenset(row["products"]),
        None if row["presence"] is None else Presence(row["presence"]),
        row["away"],
        row["version"],
        row["absent_until"],
        row["deputy_id"],
    )
