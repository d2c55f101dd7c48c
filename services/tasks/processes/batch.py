"""A batch: the processes of one transaction, loaded together, decided in memory, written together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prometheus_client import Counter

from libs.common.contracts import Cause, EventData, Outgoing
from libs.common.contracts.shared import Stage
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.tasks.context import Context
from services.tasks.desks.store import ActiveDesk, read_desks
from services.tasks.engine.effects import Breach, Effect
from services.tasks.engine.events import Event
from services.tasks.engine.rules import resolve
from services.tasks.engine.state import Facts, OperatorId, ProcessId, State
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.waiting import UnknownPlaybookError
from services.tasks.processes import store
from services.tasks.processes.publish import published
from services.tasks.processes.store import Origin, ProcessRow
from services.tasks.timeline.convert import sent_entry, silent_entry
from services.tasks.timeline.store import Entry, write_entries


@dataclass(slots=True)
class Process:
    """A loaded process; `stored` is the state that was read, None if the process is new."""

    state: State
    playbook: Playbook
    origin: Origin
    stored: State | None


class Batch:
    """The locked processes of one transaction; the only writer of processes, tasks and timers."""

    def __init__(self, ctx: Context, tx: Transaction) -> None:
        self._ctx = ctx
        self._tx = tx
        self.now: datetime = ctx.now()
        self._processes: dict[UUID, Process] = {}
        self._desks: dict[str, ActiveDesk] = {}
        self._outgoing: list[Outgoing] = []
        self._entries: list[Entry] = []
        self._counters: list[Counter] = []

    async def load(
        self, *, leads: Collection[UUID] = (), ids: Collection[UUID] = (), desks: Iterable[str] = ()
    ) -> None:
        """Lock processes by lead or id and read their tasks and timers; `desks` are those of possible new ones."""
        found = await store.lock(self._tx.conn, leads, ids)
        codes = {*desks, *(row["desk"] for row in found)}
        self._desks.update(await read_desks(self._tx.conn, codes) if codes else {})
        tasks, timers = await store.parts(self._tx.conn, [row["id"] for row in found])
        for row in found:
            playbook = await self._ctx.playbooks.get(self._tx.conn, row["playbook"], row["playbook_version"])
            state = store.state_of(row, self._desks[row["desk"]].desk, tasks, timers)
            origin = Origin(row["correlation_id"], row["traceparent"])
            self._processes[state.facts.lead_id] = Process(state, playbook, origin, state)

    def of_lead(self, lead_id: UUID) -> Process | None:
        return self._processes.get(lead_id)

    def of_id(self, process_id: UUID) -> Process | None:
        return next((found for found in self._processes.values() if found.state.id == process_id), None)

    def lenders(self) -> set[OperatorId | None]:
        """Return who has lent an open task of these processes."""
        return {task.lender_id for found in self._processes.values() for task in found.state.open_tasks}

    async def begin(
        self, desk: str, playbook: str, facts: Facts, cause: Cause, born: tuple[str, Stage] | None = None
    ) -> Process:
        """Start a process on the active version; `born` is the status that the lead has already.

        Raises UnknownPlaybookError: the lead then waits for it.
        """
        active = self._desks.get(desk)
        version = active.active.get(playbook) if active else None
        if active is None or version is None:
            raise UnknownPlaybookError(desk, playbook)
        compiled = await self._ctx.playbooks.get(self._tx.conn, playbook, version)
        state = State(ProcessId(uuid7()), active.desk, playbook, version, facts)
        if born is not None and born[0] in compiled.statuses:
            state.status, state.stage = born
        process = Process(state, compiled, Origin(cause.correlation_id, cause.traceparent), None)
        self._processes[facts.lead_id] = process
        return process

    def apply(self, process: Process, event: Event, cause: Cause) -> tuple[Effect, ...]:
        """Decide, and collect the effects for `save`; return them."""
        decision = resolve(process.state, event, process.playbook, self.now)
        process.state = decision.state
        for effect in decision.effects:
            self._record(effect, process, cause)
        self._counters.append(self._ctx.metrics.decisions.labels(type(event).__name__))
        return decision.effects

    def add_entry(self, entry: Entry) -> None:
        """Add a timeline entry to `save`."""
        self._entries.append(entry)

    def send(self, desk: str, lead_id: UUID, data: EventData, cause: Cause) -> Outgoing:
        """Add an event of a lead to the outbox of `save`."""
        event = Outgoing(f"lead:{lead_id}", desk, self.now, data, cause, uuid7())
        self._outgoing.append(event)
        return event

    async def save(self) -> None:
        """Write the rows in a few statements, then the outbox. Raises LostRaceError."""
        touched = [process for process in self._processes.values() if process.state is not process.stored]
        rows = [(ProcessRow(process.state, process.origin), process.stored) for process in touched]
        await store.write(self._tx.conn, rows)
        await write_entries(self._tx, self._entries)
        await outbox.add(self._tx, self._outgoing)
        self._tx.after_commit(f"figures of {id(self)}", self._count)

    def _count(self) -> None:
        for counter in self._counters:
            counter.inc()

    def _record(self, effect: Effect, process: Process, cause: Cause) -> None:
        state = process.state
        events = published(effect, state, process.playbook)
        for data in events:
            event = self.send(state.desk.code, state.facts.lead_id, data, cause)
            if event.event_id is not None:
                self._entries.append(sent_entry(event, event.event_id, state.facts.lead_id, effect))
        if not events and (entry := silent_entry(effect, state, cause, self.now)) is not None:
            self._entries.append(entry)
        if isinstance(effect, Breach):
            self._counters.append(self._ctx.metrics.breaches.labels(state.desk.code))
