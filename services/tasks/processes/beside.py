"""What processes are decided on besides their own rows: cards of partners, operators, rates of the day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Connection
from services.tasks.context import Context
from services.tasks.desks.store import ActiveDesk
from services.tasks.engine.facts import Partner
from services.tasks.engine.prices import Rate
from services.tasks.engine.state import Desk, Staff, State
from services.tasks.operators.queries import read_staff
from services.tasks.partners.store import read_partners
from services.tasks.processes import store
from services.tasks.processes.store import Tasks, Timers
from services.tasks.rates.store import day_of, rates_now


class Beside:
    """Reads of one transaction, each made once, and only where a playbook asks for it."""

    def __init__(self, ctx: Context, conn: Connection, now: datetime) -> None:
        self._playbooks = ctx.playbooks
        self._conn = conn
        self._now = now
        self._partners: dict[UUID, Partner] = {}
        self._staff: Staff | None = None
        self._rates: dict[str, Mapping[str, Rate]] = {}

    async def parts(self, rows: Sequence[asyncpg.Record], desks: Mapping[str, ActiveDesk]) -> tuple[Tasks, Timers]:
        """Return tasks and timers of locked processes whose playbooks were compiled; read what is beside them too.

        The rates of one desk, of the usual one, come by the same statement.
        """
        await self._load_partners({who for row in rows if (who := store.whose_partner(row)) is not None})
        desk = next((desks[row["desk"]].desk for row in rows if self._lacks_rates(row)), None)
        priced = (desk.code, day_of(desk, self._now)) if desk else (None, None)
        tasks, timers, rates = await store.parts_and_rates(self._conn, [row["id"] for row in rows], priced)
        if desk is not None:
            self._rates[desk.code] = rates
        return tasks, timers

    async def complete(self, state: State) -> None:
        """Add to a process what its playbook asks for."""
        who = state.facts.whose_partner
        await self._load_partners({who} if who else ())
        state.partner = self._partners.get(who) if who else None
        state.staff = await self._staff_for(state)
        if self._playbooks.asks_of_rates(state.playbook, state.playbook_version):
            state.rates = await self._rates_of(state.desk)

    async def _load_partners(self, ids: Collection[UUID]) -> None:
        """Read the cards of partners that are not known yet."""
        missing = [who for who in ids if who not in self._partners]
        self._partners |= await read_partners(self._conn, missing) if missing else {}

    async def _staff_for(self, state: State) -> Staff | None:
        """Return the operators; None where neither the playbook nor a stand-in's task asks for any."""
        asked = self._playbooks.asks_of_staff(state.playbook, state.playbook_version)
        if not asked and all(task.stood_in_for is None for task in state.open_tasks):
            return None
        if self._staff is None:
            self._staff = await read_staff(self._conn)
        return self._staff

    def _lacks_rates(self, row: asyncpg.Record) -> bool:
        asked = self._playbooks.asks_of_rates(row["playbook"], row["playbook_version"])
        return asked and row["desk"] not in self._rates

    async def _rates_of(self, desk: Desk) -> Mapping[str, Rate]:
        if desk.code not in self._rates:
            self._rates[desk.code] = await rates_now(self._conn, desk, self._now)
        return self._rates[desk.code]
