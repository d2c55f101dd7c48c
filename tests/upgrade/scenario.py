"""How the leads get into their states: by HTTP, a nasty messenger, and processes stopped at the right moment."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import asyncpg

from deploy.demo.desk import Seeder
from deploy.standins.client import http_client
from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.messaging.bus.ports import Message
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.ids import uuid7
from libs.common.testkit.messaging import eventually
from tests.upgrade.leads import LEADS, Lead, order, phone
from tests.upgrade.people import DESK, Json, People, Source
from tests.upgrade.release import ReleaseStack

CORRIDOR = timedelta(minutes=21)  # past the moment from which a school order is offered
PATIENCE = 60.0
WORKERS = ("intake-worker", "tasks-worker", "assignment-worker")
APIS = tuple(f"{service}-api" for service in SERVICES)

Look = Callable[[], Awaitable[bool]]


@dataclass
class Scenario:
    """Drives one stack from nothing to the frozen state. `poison`: the id of the event that cannot be read."""

    stack: ReleaseStack
    people: People
    conn: "asyncpg.Connection[asyncpg.Record]"
    leads: dict[str, Lead] = field(default_factory=lambda: {lead.name: lead for lead in LEADS})
    poison: str = field(default_factory=lambda: str(uuid7()))
    remembered: str = field(default_factory=lambda: f"upgrade-{uuid4()}")
    failures: list[Json] = field(default_factory=list)

    async def run(self) -> None:
        """Go through all of it; no process runs at the end."""
        await self._furnish()
        await self._school()
        await self._landing()
        await self._dead_letters()
        await self._doubts()
        await self._unread()
        await self._unsent()

    async def _furnish(self) -> None:
        """Make the demo desk on the release's own playbooks, and split its operators over two pools."""
        people, stack = self.people, self.stack
        titles = {"ru": "Демонстрация", "en": "Demo"}
        desk = {"code": DESK, "title": titles, "zone": "Europe/Moscow", "languages": ["ru", "en"]}
        await people.post("/tasks/v1/desks", desk)
        for path in sorted((stack.tree / "services" / "tasks" / "playbooks" / "library").glob("*.yaml")):
            made = await people.post_yaml("/tasks/v1/playbooks", path.read_bytes())
            chosen = {"desk": DESK, "version": made["version"]}
            await people.post(f"/tasks/v1/playbooks/{path.stem}/activate", chosen)
        seeded = await Seeder(stack.client, stack.issuer, stack.home / "demo.json", "").seed()
        survey = {"desk": DESK, "code": "survey", "format": "landing", "playbook": "survey"}
        made = await people.post("/intake/v1/sources", {**survey, "zone": "Europe/Moscow"})
        people.sources = {
            "landing": Source(seeded.landing_url, seeded.landing_token),
            "school": Source(seeded.school_url, seeded.school_token),
            "survey": Source(made["hook"], made["secret"]),
        }
        for subject in ("maria", "ivan"):
            await self._change(subject, pools=[{"code": "callback"}])
        await self._change("olga", pools=[{"code": "sales"}], capacity=1)
        await self._provider(chances={"read": 0})

    async def _school(self) -> None:
        """One order followed up tomorrow; two that wait since their corridor opened, one whose has not."""
        await self._order("link-sent")
        self.stack.clock.advance(CORRIDOR)
        await self.people.end(await self._take("link-sent"), "link_sent")
        await self._presence("check-out", "olga")
        await self._order("offered")
        await self._order("waiting")
        self.stack.clock.advance(CORRIDOR)
        await self._until(lambda: self._is("waiting", "waiting"))
        await self._until(lambda: self._is("offered", "waiting"))
        await self._order("corridor")

    async def _landing(self) -> None:
        """Calls in every state, one of them with a message that the provider refuses."""
        for name in ("taken", "assigned", "no-answer", "callback", "completed", "failed"):
            await self._order(name)
        for name in ("taken-unread", "ended-unread", "taken-in-outbox", "poisoned"):
            await self._order(name)
        await self._refuse("message-failed", mode="code", value="BAD_CONTACT")
        await self._order("message-failed")
        await self._take("taken", Idempotency_Key=self.remembered)
        await self.people.end(await self._take("no-answer"), "no_answer", problem="no_reply")
        later = (self.stack.clock.now() + timedelta(hours=3)).isoformat()
        await self.people.end(await self._take("callback"), "callback", callback_at=later)
        await self.people.end(await self._take("completed"), "reached")
        await self.people.end(await self._take("failed"), "refused", problem="other")
        for name in ("assigned", "taken-unread", "ended-unread", "taken-in-outbox", "poisoned", "message-failed"):
            await self._assigned(name)
        await self._until(self._quiet)

    async def _dead_letters(self) -> None:
        """An event that nobody can read, one whose playbook is missing, one behind each; and a quarantine."""
        await self._poison()
        await self._until(lambda: self._parked("poisoned", "failed"))
        await self._order("no-playbook")
        await self._until(lambda: self._parked("no-playbook", "failed"))
        for name in ("poisoned", "no-playbook"):
            await self._order(name, status="awaiting_payment")
            await self._until(partial(self._parked, name, "blocked"))
        await self._order("quarantined")

    async def _doubts(self) -> None:
        """Messages on which nothing is heard: callbacks find nobody, answers get lost, a sender is killed."""
        await self.stack.halt("notifications-api")
        await self._refuse("answer-lost", mode="lose")
        await self._refuse("never-answered", mode="http", value="502", times=None)
        await self._refuse("killed", mode="hang", value="60")
        for name in ("message-accepted", "answer-lost", "never-answered"):
            await self._order(name)
            await self._assigned(name)
        await self._until(lambda: self._attempt("message-accepted", "accepted"))
        await self._until(lambda: self._attempt("answer-lost", "waiting"))
        await self._until(lambda: self._attempt("never-answered", "pending", tries=1))
        await self._order("killed")
        await self._assigned("killed")
        await self._until(lambda: self._attempt("killed", "sending"))
        await self._until(self._all_read)
        await self._until(lambda: self._accepted("killed"))
        os.kill(self.stack.children.pids()["notifications-worker"], signal.SIGKILL)
        await self.stack.halt("notifications-worker", "standins")

    async def _unread(self) -> None:
        """Events on the topics that no group has read: workers relay, and their databases take nothing in."""
        async with self._inboxes_locked("intake", "tasks", "assignment"):
            await self._presence("check-in", "olga")
            await self._order("relayed")
            await self._take("taken-unread")
            await self.people.end(await self._take("ended-unread"), "reached")
            await self._until(self._all_sent)
            await self.stack.halt(*WORKERS)

    async def _unsent(self) -> None:
        """Events in the outbox of every service: their APIs answer, and nobody relays."""
        await self.stack.start_process("notifications-api")
        await self.stack.until_ready("notifications-api")
        await self._order("in-outbox")
        await self._take("taken-in-outbox")
        await self._presence("check-out", "ivan")
        bodies = {"ru": "{name}, не дозвонились вам.", "en": "{name}, we missed you."}
        template = {"desk": DESK, "code": "no_answer", "bodies": bodies}
        made = await self.people.post("/notifications/v1/templates", template)
        number = made["version"]
        await self.people.post(f"/notifications/v1/templates/no_answer/versions/{number}/approve?desk={DESK}")
        await self.stack.halt(*APIS)

    async def _order(self, name: str, **fields: str) -> None:
        lead = self.leads[name]
        answer = await self.people.order(lead.source, order(lead, **fields))
        self.leads[name] = replace(lead, lead_id=answer["lead_id"])

    async def _take(self, name: str, **headers: str) -> Json:
        return await self.people.take(await self._assigned(name), **headers)

    async def _assigned(self, name: str) -> Json:
        await self._until(lambda: self._is(name, "operator_id"))
        task = await self._task(name)
        assert task is not None
        return task

    async def _task(self, name: str) -> Json | None:
        lead_id = self.leads[name].lead_id
        return await self.people.task(lead_id) if lead_id else None

    async def _is(self, name: str, field: str) -> bool:
        task = await self._task(name)
        return bool(task and task[field])

    async def _presence(self, wish: str, subject: str) -> None:
        await self.people.post(f"/assignment/v1/{wish}", {"operator_id": await self.people.operator(subject)})

    async def _change(self, subject: str, **fields: object) -> None:
        await self.people.patch(f"/assignment/v1/operators/{await self.people.operator(subject)}", fields)

    async def _refuse(self, name: str, **failure: object) -> None:
        """Have the messenger fail for one customer."""
        self.failures.append({"chat_id": phone(name).lstrip("+"), **failure})
        await self._provider(failures=self.failures)

    async def _provider(self, **wishes: object) -> None:
        async with http_client() as client:
            url = f"http://127.0.0.1:{self.stack.ports['standins']}/wazzup/_control"
            (await client.post(url, json=wishes)).raise_for_status()

    async def _poison(self) -> None:
        """Let a foreign hand write into the topic of intake, on the key of a lead."""
        key = f"lead:{self.leads['poisoned'].lead_id}".encode()
        names = {"ce_specversion": "1.0", "ce_source": "/foreign", "content-type": "application/json"}
        event = {"ce_id": self.poison, "ce_type": "dozvon.order.changed.v1", "ce_subject": key.decode()}
        place = {"ce_time": self.stack.clock.now().isoformat(), "ce_sequence": "1", "ce_desk": DESK}
        headers = {**names, **event, **place, "ce_correlationid": self.poison}
        pairs = [(name, value.encode()) for name, value in headers.items()]
        producer = await KafkaBus(self.stack.bootstrap).producer()  # it alone knows the partition of a key
        try:
            sent = await producer.send([(f"{self.stack.prefix}.intake", Message(key, b"{}", pairs))])
        finally:
            await producer.close()
        assert sent.error is None

    async def _until(self, look: Look) -> None:
        await eventually(look, PATIENCE)

    async def _quiet(self) -> bool:
        """Whether every message so far has ended."""
        ended = "SELECT count(*) FROM notifications.message WHERE state NOT IN ('delivered', 'failed')"
        return await self._all_sent() and await self._all_read() and not await self.conn.fetchval(ended)

    async def _all_sent(self) -> bool:
        counts = [await self.conn.fetchval(f"SELECT count(*) FROM {service}.outbox") for service in SERVICES]
        return not any(counts)

    async def _all_read(self) -> bool:
        return not await self.stack.unread.count()

    async def _parked(self, name: str, state: str) -> bool:
        """Whether an event of a lead is parked; as it is stored, since releases differ in how they show it."""
        query = "SELECT EXISTS (SELECT FROM tasks.parked WHERE key = $1 AND state = $2)"
        return bool(await self.conn.fetchval(query, f"lead:{self.leads[name].lead_id}", state))

    async def _attempt(self, name: str, state: str, tries: int = 0) -> bool:
        """Whether the provider was called for a lead's message, and where that stands."""
        query = """
        SELECT EXISTS (SELECT FROM notifications.attempt a JOIN notifications.message m ON m.id = a.message_id
                       WHERE m.lead_id = $1::text::uuid AND a.state = $2 AND a.tries >= $3)
        """
        return bool(await self.conn.fetchval(query, self.leads[name].lead_id, state, tries))

    async def _accepted(self, name: str) -> bool:
        entries = self.stack.journal().entries.values()
        return any(entry.chat_id == phone(name).lstrip("+") for entry in entries)

    @asynccontextmanager
    async def _inboxes_locked(self, *services: str) -> AsyncIterator[None]:
        conn = await asyncpg.connect(self.stack.database.admin_url)
        try:
            async with conn.transaction():
                for service in services:
                    await conn.execute(f"LOCK TABLE {service}.inbox IN SHARE MODE")
                yield
        finally:
            await conn.close()
