"""The customers of tasks: for managers, for who has the task, and where they own the lead or nobody does (P.6).

Where nobody does, a desk that masks shows operators no whole number before they have taken the task (P.7).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from libs.common.contracts.shared import Signal, SubjectKind
from libs.common.domain.masking import masked_person
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection, Database
from libs.common.platform.http.wire import TaskCustomer
from libs.common.platform.masking import masking_desks
from services.tasks.engine.facts import Customer
from services.tasks.engine.state import State, TaskState
from services.tasks.operators.queries import operator_of
from services.tasks.tasks.store import Row

# A lead's customer is that of its first process, also for the tasks of its other processes.
CUSTOMERS = """
SELECT lead_id AS key, person, facts->>'zone' AS zone, coalesce(facts->'signals', '[]') AS signals, owner_id
FROM process WHERE lead_id = ANY($1::uuid[])
UNION ALL
SELECT id, person, facts->>'zone', coalesce(facts->'signals', '[]'), NULL FROM process WHERE id = ANY($2::uuid[])
"""
_OPEN = TaskState.ACTIVE.value


class Whose(NamedTuple):
    """Whose a task is, and who owns the lead; `masks`: its desk masks numbers to who has neither.

    Who has had a task that is over has it no more.
    """

    customer: TaskCustomer
    owner_id: UUID | None
    masks: bool
    is_open: bool

    def shown_to(self, me: UUID | None, holder: UUID | None, lender: UUID | None) -> TaskCustomer | None:
        """Return the customer as an operator sees them; None: they may not."""
        if not may_call(me, holder, lender, self.owner_id):
            return None
        return masked_customer(self.customer) if self.hides_from(me, holder, lender) else self.customer

    def hides_from(self, me: UUID | None, holder: UUID | None, lender: UUID | None) -> bool:
        """Return whether numbers are masked to an operator: always to who may not see the customer at all."""
        if not may_call(me, holder, lender, self.owner_id):
            return True
        has = (holder, lender) if self.is_open else ()
        return self.masks and me not in (*has, self.owner_id)


class Seen(NamedTuple):
    """What a caller sees of a task's customer; `hides`: numbers are masked in what else the task says of them."""

    customer: TaskCustomer | None = None
    hides: bool = False


async def customers_of(db: Database, caller: Principal, rows: Sequence[Row], now: datetime) -> Mapping[UUID, Seen]:
    """Return what the caller sees of the customers of task rows, by the task's id; of tasks about none, nothing."""
    async with db.pool.acquire() as conn:
        found = await read_customers(conn, rows, now)
        profile = await operator_of(conn, caller.sub)
    if caller.sees_whole_desks:
        return {task_id: Seen(whose.customer) for task_id, whose in found.items()}
    me = profile.id if profile is not None and profile.active else None
    return {
        row["id"]: Seen(whose.shown_to(me, *held), whose.hides_from(me, *held))
        for row in rows
        if (whose := found.get(row["id"])) and (held := (row["operator_id"], row["lender_id"]))
    }


async def read_customers(conn: Connection, rows: Sequence[Row], now: datetime) -> Mapping[UUID, Whose]:
    """Return the customers of task rows by the task's id, also those that a caller may not see."""
    leads = {row["lead_id"] for row in rows} - {None}
    others = {row["process_id"] for row in rows if row["subject_kind"] == SubjectKind.CUSTOMER}
    found = {each["key"]: each for each in await conn.fetch(CUSTOMERS, list(leads), list(others))}
    masking = await masking_desks(conn, {row["desk"] for row in rows})
    known = ((row, found.get(row["lead_id"] or row["process_id"])) for row in rows)
    return {
        row["id"]: Whose(_shaped(whose, now), whose["owner_id"], row["desk"] in masking, row["state"] == _OPEN)
        for row, whose in known
        if whose is not None
    }


def customer_in_hand(state: State, now: datetime) -> TaskCustomer | None:
    """Return the customer of a process's tasks where it says so itself: a lead's first one, one of a customer."""
    facts = state.facts
    if not state.main and facts.subject.kind is not SubjectKind.CUSTOMER:
        return None
    return _customer(facts.customer, facts.zone, facts.signals, now)


async def hides_numbers(conn: Connection, caller: Principal, row: Row, now: datetime) -> bool:
    """Return whether what a task row says of its customer is masked to who asks."""
    if caller.sees_whole_desks:
        return False
    profile = await operator_of(conn, caller.sub)
    me = profile.id if profile is not None and profile.active else None
    whose = (await read_customers(conn, [row], now)).get(row["id"])
    return whose is not None and whose.hides_from(me, row["operator_id"], row["lender_id"])


def masked_customer(customer: TaskCustomer) -> TaskCustomer:
    """Return a customer by whom no one is reached."""
    numbers = {"phone": customer.phone, "phone_raw": customer.phone_raw}
    return customer.model_copy(update=masked_person(numbers))


def may_call(me: UUID | None, holder: UUID | None, lender: UUID | None, owner: UUID | None) -> bool:
    """Return whether an operator may see the customer of a task that they see."""
    return me is not None and (me in (holder, lender) or owner in (None, me))


def _shaped(row: asyncpg.Record, now: datetime) -> TaskCustomer:
    person = row["person"]
    known = Customer(person["name"], person["phone"], person["phone_raw"])
    return _customer(known, row["zone"], row["signals"], now)


def _customer(person: Customer, zone: str, signals: Collection[str], now: datetime) -> TaskCustomer:
    return TaskCustomer(
        name=person.name,
        phone=person.phone,
        phone_raw=person.phone_raw,
        zone=zone,
        local_time=now.astimezone(ZoneInfo(zone)),
        do_not_call=Signal.DO_NOT_CALL in signals,
    )
