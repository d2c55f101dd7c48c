"""A batch: the processes of one transaction, loaded together, decided in memory, written together."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

import asyncpg
from prometheus_client import Counter

from libs.common.contracts import Cause, EventData, Outgoing
from libs.common.contracts.shared import Stage, SubjectKind
from libs.common.contracts.tasks import ChangeRequested
from libs.common.domain.frozen import replace
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from libs.common.platform.db.together import Together
from libs.common.platform.ids import uuid7
from services.tasks.context import Context
from services.tasks.desks.store import ActiveDesk, read_desks
from services.tasks.engine.effects import Breach, Effect, OfferWork, StartProcess
from services.tasks.engine.events import Event, Started
from services.tasks.engine.facts import Facts, Subject
from services.tasks.engine.rules import resolve
from services.tasks.engine.state import Desk, Operator, OperatorId, ProcessId, State, Task, TaskId
from services.tasks.numbers import store as numbers
from services.tasks.numbers.convert import read_figures
from services.tasks.numbers.rules import Figures, difference, follow
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.waiting import UnknownPlaybookError
from services.tasks.processes import store
from services.tasks.processes.beside import Beside
from services.tasks.processes.publish import is_only_noted, published
from services.tasks.processes.rules import Address, asker, hearing, listens, not_started, waits_for
from services.tasks.processes.store import Origin, ProcessRow
from services.tasks.processes.surroundings import UNREAD, Surroundings, of_customers, waiting_for_reply
from services.tasks.redistributions import store as redistributions
from services.tasks.redistributions.rules import MemberState, Note, answers
from services.tasks.timeline.convert import sent_entry, silent_entry, started_entry
from services.tasks.timeline.store import Entry, add_entries

STARTS_ON = "starts_on"  # the rule of a process that an event starts


@dataclass(frozen=True, slots=True)
class Known:
    """What a process that is started takes over: the facts of its subject, status and owner."""

    facts: Facts
    status: str | None = None
    stage: Stage | None = None
    owner: Operator | None = None

    @classmethod
    def of(cls, state: State) -> Self:
        return cls(state.facts, state.status, state.stage, state.owner)


@dataclass(slots=True)
class Process:
    """A loaded process; `stored` is the state that was read, None if the process is new.

    `figures`: what its lead counts for in the numbers, `counted`: as it was read.
    """

    state: State
    playbook: Playbook
    origin: Origin
    stored: State | None
    figures: Figures | None = None
    counted: Figures | None = None


class Batch:
    """The locked processes of one transaction; the only writer of processes, tasks and timers."""

    def __init__(self, ctx: Context, tx: Transaction, around: Surroundings = UNREAD) -> None:
        self._ctx = ctx
        self._tx = tx
        self._aliases = around.aliases
        self.now: datetime = ctx.now()
        self._processes: dict[UUID, Process] = {}
        self._of_subject: dict[Subject, list[Process]] = defaultdict(list)
        self._listeners: list[Process] = []
        self._of_task: dict[UUID, UUID] = {}
        self._askers: Mapping[UUID, UUID] = {}
        self._desks: dict[str, ActiveDesk] = dict(around.desks)
        self._beside = Beside(ctx, tx.conn, self.now)
        self._requested: deque[tuple[Process, StartProcess, Cause]] = deque()
        self._started: set[tuple[Subject, str]] = set()
        self._outgoing: list[Outgoing] = []
        self._entries: list[Entry] = []
        self._counters: list[Counter] = []
        self._answers: dict[TaskId, tuple[MemberState, Note | None]] = {}

    async def load(
        self, *, addresses: Collection[Address] = (), ids: Collection[UUID] = (), desks: Iterable[str] = ()
    ) -> None:
        """Lock the processes that addresses or ids name, in id order; read their tasks and timers.

        `desks` are those of possible new ones.
        """
        listening = await self._listening(
            {one for address in addresses if address.widely for one in self._aliases.whole(address.widely)}
        )
        replied_to = {one for who in {a.replied_to for a in addresses} if who for one in self._aliases.whole(who)}
        waiting = await waiting_for_reply(self._tx.conn, replied_to) if replied_to else ()
        named = {address.process_id for address in addresses if address.process_id}
        found = await store.lock(
            self._tx.conn,
            subjects={
                one.id for address in addresses for subject in address.subjects for one in self._ids(subject)
            },
            ids={*ids, *named, *listening, *waiting},
            tasks={address.task_id for address in addresses if address.task_id},
        )
        await self._take_in(found, desks)
        for row in found:
            self._of_task.update(dict.fromkeys(row["named_tasks"], row["id"]))
        await self._load_askers(addresses)

    async def load_locked(self, row: asyncpg.Record) -> None:
        """Take in a process as it was read with its lock, by an earlier statement; read its tasks and timers."""
        await self._take_in([row])

    async def _take_in(self, found: Sequence[asyncpg.Record], desks: Iterable[str] = ()) -> None:
        """Make processes of locked rows, with their desks and `desks`."""
        codes = {*desks, *(row["desk"] for row in found)} - self._desks.keys()
        self._desks.update(await read_desks(self._tx.conn, codes) if codes else {})
        versions = [(row["playbook"], row["playbook_version"]) for row in found]
        playbooks = [await self._ctx.playbooks.get(self._tx.conn, *version) for version in versions]
        tasks, timers = await self._beside.parts(found, self._desks)
        for row, playbook in zip(found, playbooks, strict=True):
            state = store.state_of(row, self._desks[row["desk"]].desk, tasks, timers)
            await self._beside.complete(state)
            origin, figures = Origin(row["correlation_id"], row["traceparent"]), read_figures(row["figures"])
            self._add(Process(state, playbook, origin, state, figures, figures))

    async def _listening(self, customers: Collection[UUID]) -> list[UUID]:
        """Return the live processes about customers' leads whose playbooks listen for anything."""
        rows = await of_customers(self._tx.conn, customers) if customers else []
        playbooks = {
            key: await self._ctx.playbooks.get(self._tx.conn, *key)
            for key in {(row["playbook"], row["playbook_version"]) for row in rows}
        }
        return [row["id"] for row in rows if playbooks[row["playbook"], row["playbook_version"]].listens]

    async def _load_askers(self, addresses: Collection[Address]) -> None:
        """Find who asked for a status where a lead has several processes; one alone needs no search."""
        asked = [
            (address.subject.id, address.answers)
            for address in addresses
            if address.answers and address.subject and len(self._of_subject[address.subject]) > 1
        ]
        if asked:
            self._askers = await store.askers(self._tx.conn, asked)

    async def recall(self, process_id: UUID, task_id: UUID, others: Collection[UUID]) -> tuple[Process, Task]:
        """Load closed tasks of a loaded process beside its open ones; return it and the first of them."""
        process = self._processes[process_id]
        known = {task.id for task in process.state.tasks}
        closed = await store.closed_tasks(self._tx.conn, process_id, [task_id, *others])
        closed = tuple(task for task in closed if task.id not in known)
        if process.stored is not None and process.stored is not process.state:
            process.stored.tasks = (*process.stored.tasks, *closed)
        process.state.tasks = (*process.state.tasks, *closed)
        return process, next(task for task in process.state.tasks if task.id == task_id)

    def main(self, subject: Subject) -> Process | None:
        """Return the process with which a lead began."""
        return next((process for process in self._of_subject[subject] if process.state.main), None)

    def of_id(self, process_id: UUID) -> Process | None:
        return self._processes.get(process_id)

    def lenders(self) -> set[OperatorId | None]:
        """Return who has lent an open task of these processes."""
        return {task.lender_id for found in self._processes.values() for task in found.state.open_tasks}

    def of_task(self, task_id: UUID) -> Process | None:
        """Return the process of a task that an address names; the task may have ended."""
        process_id = self._of_task.get(task_id)
        return None if process_id is None else self._processes.get(process_id)

    def hearing(self, subject: Subject) -> list[Process]:
        """Return the processes of a subject that hear its events, oldest first."""
        found = (process.state for one in self._ids(subject) for process in self._of_subject[one])
        return [self._processes[state.id] for state in hearing(found)]

    def _ids(self, subject: Subject) -> list[Subject]:
        """Return a subject under all its ids: a merged lead has no part in its winner's, a customer has."""
        if subject.kind is not SubjectKind.CUSTOMER:
            return [subject]
        return [Subject(subject.kind, one) for one in sorted(self._aliases.whole(subject.id))]

    def listening(self, address: Address) -> list[Process]:
        """Return the processes of other subjects that listen for an event, oldest first."""
        if not self._listeners or address.trigger is None:
            return []
        lead = self.main(address.subject) if address.subject else None
        customer_id = address.customer_id or (lead.state.facts.customer_id if lead else None)
        customers = self._aliases.whole(customer_id) if customer_id else ()
        found = (p for p in self._listeners if listens(address, p.state, p.playbook, customers))
        return sorted(found, key=lambda process: process.state.id)

    def waiting_for(self, address: Address) -> list[Process]:
        """Return the processes about other leads of a customer whom a reply answers, oldest first."""
        customers = self._aliases.whole(address.replied_to) if address.replied_to else ()
        found = (p for p in self._processes.values() if waits_for(address, p.state, customers)) if customers else ()
        return sorted(found, key=lambda process: process.state.id)

    def asker(self, address: Address, heard: Sequence[Process]) -> Process | None:
        """Return the process whose request of a status an event answers."""
        known = None if address.answers is None else self._askers.get(address.answers)
        found = asker(address, known, [process.state for process in heard])
        return None if found is None else self._processes[found]

    async def begin(self, desk: str, playbook: str, facts: Facts, cause: Cause) -> Process:
        """Begin a lead's first process on the active version. Raises UnknownPlaybookError: the lead waits."""
        found = await self._active(desk, playbook)
        if found is None:
            raise UnknownPlaybookError(desk, playbook)
        desk_of, version, compiled = found
        state = State(ProcessId(uuid7()), desk_of, playbook, version, facts)
        await self._beside.complete(state)
        return self.add(state, compiled, cause)

    async def start(self, desk: str, playbook: str, known: Known, rule: str, cause: Cause) -> bool:
        """Start a playbook on a subject unless it runs there already; the timeline says what became of it.

        Of an event that would have started it nothing is said: it was heard instead.
        """
        subject, found = known.facts.subject, await self._active(desk, playbook)
        key = (subject, playbook)
        runs = key in self._started or await self._runs(desk, subject, playbook)
        reason = not_started(subject, found[2] if found else None, runs=runs)
        if reason is None or rule != STARTS_ON:
            self._entries.append(started_entry(desk, subject, playbook, reason, rule, cause, self.now))
        if found is None or reason is not None:
            return False
        self._started.add(key)
        desk_of, version, compiled = found
        facts = replace(known.facts, counted_from=self.now)
        state = State(ProcessId(uuid7()), desk_of, playbook, version, facts, main=False)
        state.status, state.stage, state.owner = known.status, known.stage, known.owner
        await self._beside.complete(state)
        self.apply(self.add(state, compiled, cause), Started(), cause)
        return True

    async def start_requested(self) -> None:
        """Start what steps have asked for since the last call, and what that asks for; each once a transaction."""
        while self._requested:
            process, effect, cause = self._requested.popleft()
            await self.start(process.state.desk.code, effect.playbook, Known.of(process.state), effect.rule, cause)

    async def starting_on(self, desk: str, address: Address) -> list[str]:
        """Return the active playbooks that an event starts on its subject, because none of theirs is live."""
        subject, active = address.subject, self._desks.get(desk)
        if subject is None or active is None or address.trigger is None:
            return []
        processes = (process.state for one in self._ids(subject) for process in self._of_subject[one])
        live = {state.playbook for state in processes if state.ended_at is None}
        found = []
        for code, version in active.active.items():
            playbook = await self._ctx.playbooks.get(self._tx.conn, code, version)
            if playbook.subject is subject.kind and address.trigger in playbook.starts_on and code not in live:
                found.append(code)
        return found

    def desk(self, code: str) -> Desk | None:
        """Return a loaded desk."""
        found = self._desks.get(code)
        return found.desk if found else None

    async def _active(self, desk: str, playbook: str) -> tuple[Desk, int, Playbook] | None:
        active = self._desks.get(desk)
        version = active.active.get(playbook) if active else None
        if active is None or version is None:
            return None
        return active.desk, version, await self._ctx.playbooks.get(self._tx.conn, playbook, version)

    async def _runs(self, desk: str, subject: Subject, playbook: str) -> bool:
        here = (process.state for process in self._of_subject[subject])
        live = any(state.playbook == playbook and state.ended_at is None for state in here)
        return live or await store.runs(self._tx.conn, desk, subject, playbook)

    def add(self, state: State, playbook: Playbook, cause: Cause) -> Process:
        """Add a new process, which its first event starts."""
        process = Process(state, playbook, Origin(cause.correlation_id, cause.traceparent), None)
        self._add(process)
        return process

    def _add(self, process: Process) -> None:
        self._processes[process.state.id] = process
        self._of_subject[process.state.facts.subject].append(process)
        if process.playbook.listens:
            self._listeners.append(process)

    def apply(self, process: Process, event: Event, cause: Cause) -> tuple[Effect, ...]:
        """Decide, and collect the effects for `save`; return them."""
        asked = {task.id: task.among for task in process.state.open_tasks if task.among}
        before = process.state
        decision = resolve(before, event, process.playbook, self.now)
        process.state = decision.state
        process.figures = follow(process.figures, event, decision.effects, before, process.state, self.now)
        if asked:
            self._answers.update(answers(asked, decision.effects))
        for effect in decision.effects:
            self._record(effect, process, cause)
        self._counters.append(self._ctx.metrics.decisions.labels(type(event).__name__))
        return decision.effects

    def add_entry(self, entry: Entry) -> None:
        """Add a timeline entry to `save`."""
        self._entries.append(entry)

    def send(self, desk: str, key: str, data: EventData, cause: Cause) -> Outgoing:
        """Add an event of a subject to the outbox of `save`; a request of a change is known by its event's id."""
        event = self._event(desk, key, data, cause)
        self._outgoing.append(event)
        return event

    def _event(self, desk: str, key: str, data: EventData, cause: Cause) -> Outgoing:
        event_id = data.request_id if isinstance(data, ChangeRequested) else uuid7()
        return Outgoing(key, desk, self.now, data, cause, event_id)

    def count_unheard(self, event_type: str) -> None:
        """Count an event that no process is for."""
        self._counters.append(self._ctx.metrics.unheard.labels(event_type))

    async def save(self, writes: Together | None = None) -> None:
        """Write the rows and the outbox in one statement, with `writes` of the caller's. Raises LostRaceError."""
        await self.start_requested()
        recounted = [each for each in self._processes.values() if each.figures is not each.counted]
        touched = [
            each
            for each in self._processes.values()
            if each.state is not each.stored or each.figures is not each.counted
        ]
        rows = [
            (
                ProcessRow(each.state, each.origin, each.figures, each.figures is not each.counted),
                each.stored,
            )
            for each in touched
        ]
        writes = writes or Together()
        add_entries(writes, self._entries)
        outbox.add_to(writes, self._tx, self._outgoing)
        await store.write(self._tx.conn, rows, writes)
        if self._answers:
            await redistributions.answer(self._tx.conn, self._answers)
        # Last: another transaction that counts for the same people waits for no more than the commit.
        await numbers.add(
            self._tx.conn,
            [(each.state.desk.code, difference(each.counted, each.figures)) for each in recounted],
        )
        self._tx.after_commit(f"figures of {id(self)}", self._count)

    def _count(self) -> None:
        for counter in self._counters:
            counter.inc()

    def _record(self, effect: Effect, process: Process, cause: Cause) -> None:
        state = process.state
        events = published(effect, state, process.playbook)
        for data in events:
            event = self._event(state.desk.code, state.facts.subject.key, data, cause)
            if not is_only_noted(effect, data):
                self._outgoing.append(event)
            if event.event_id is not None:
                self._entries.append(sent_entry(event, event.event_id, state, effect))
        if not events and (entry := silent_entry(effect, state, cause, self.now)) is not None:
            self._entries.append(entry)
        if isinstance(effect, StartProcess):
            self._requested.append((process, effect, cause))
        if isinstance(effect, OfferWork) and effect.again:
            self._counters.append(self._ctx.metrics.repeated_requests)
        if isinstance(effect, Breach):
            self._counters.append(self._ctx.metrics.breaches.labels(state.desk.code))
