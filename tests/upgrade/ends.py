"""How every frozen lead gets to its end, through HTTP alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

from libs.common.contracts import OWNERS
from libs.common.testkit.messaging import eventually
from tests.support.settle import settle
from tests.upgrade.frozen import Manifest
from tests.upgrade.leads import UNKNOWN_WORDS, order
from tests.upgrade.people import DESK, Json, People

PATIENCE = 60.0
SURVEY = Path(__file__).with_name("survey.yaml")
#: Further than this no clock goes while a message that has a deadline may be under way.
FAR = timedelta(minutes=30)
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {"call_back": "reached", "process_order": "paid", "follow_up": "paid", "ask": "told"}
)
DEAD_LETTERS = "/tasks/v1/dead-letters"


@dataclass
class Ends:
    """Works the desk until nothing is open. `lead_ids` are by the lead's name."""

    people: People
    manifest: Manifest
    lead_ids: dict[str, str] = field(default_factory=dict)
    replayed: bool = False
    repeated: Json = field(default_factory=dict)

    async def run(self) -> None:
        """Go through all of it."""
        self.lead_ids = {lead.name: lead.lead_id for lead in self.manifest.leads if lead.lead_id}
        await self._again()
        await self._back_to_work()
        await self._discard("poisoned")
        await self._activate()
        await self._rerun("quarantined")
        try:
            await eventually(self._all_begun, PATIENCE)
            await eventually(self._nothing_open, PATIENCE)
        except TimeoutError:
            raise TimeoutError(await self._stuck()) from None

    async def _again(self) -> None:
        """Ask for what was done before the upgrade: the same call, and the same order."""
        task = await self.people.task(self.lead_ids["taken"])
        assert task is not None
        self.replayed = await self.people.is_replayed(task, self.manifest.remembered)
        self.repeated = await self.people.order("landing", order(self.manifest.lead("taken")))

    async def _back_to_work(self) -> None:
        """Give everybody room, and let the one whose shift is over begin another."""
        await self.people.patch(f"/assignment/v1/operators/{await self.people.operator('olga')}", {"capacity": 20})
        await self.people.post("/assignment/v1/check-in", {"operator_id": await self.people.operator("ivan")})

    async def _discard(self, name: str) -> None:
        """Give up the event that cannot be read; the events behind it go on."""
        (dead,) = await self.people.items(DEAD_LETTERS, key=f"lead:{self.lead_ids[name]}", state="failed")
        await self.people.post(f"{DEAD_LETTERS}/{dead['id']}/discard", {"note": "written by a foreign hand"})

    async def _activate(self) -> None:
        """Give the desk the playbook that it lacked: the lead that the frozen release parked goes on by itself.

        Its templates and pools are those of before the upgrade, which are published once after it.
        """
        made = await self.people.post_yaml("/tasks/v1/playbooks", SURVEY.read_bytes())
        await eventually(partial(self._knows_names, made["version"]), PATIENCE)
        await self.people.post("/tasks/v1/playbooks/survey/activate", {"desk": DESK, "version": made["version"]})

    async def _knows_names(self, version: int) -> bool:
        checked = await self.people.get("/tasks/v1/playbooks/survey/check", desk=DESK, version=version)
        return not [each for each in checked["missing"] if each["kind"] != "role"]

    async def _rerun(self, name: str) -> None:
        """Mend the source's map and read what is in quarantine again."""
        (source,) = [s for s in await self.people.items("/intake/v1/sources", desk=DESK) if s["code"] == "landing"]
        known = {word: [word, unknown] for word, unknown in UNKNOWN_WORDS.items()}
        await self.people.patch(f"/intake/v1/sources/{source['id']}", {"field_map": known})
        (delivery,) = await self.people.items("/intake/v1/deliveries", disposition="quarantined")
        mended = await self.people.post(f"/intake/v1/deliveries/{delivery['id']}/rerun")
        self.lead_ids[name] = mended["lead_id"]

    async def _all_begun(self) -> bool:
        tasks = await self.people.items("/tasks/v1/tasks")
        return {task["lead_id"] for task in tasks} >= set(self.lead_ids.values())

    async def _nothing_open(self) -> bool:
        """End what an operator has; once the rest is for later, move the clock to when the next is offered."""
        tasks = await self.people.items("/tasks/v1/tasks", state="active")
        mine = [task for task in tasks if task["operator_id"]]
        for task in mine:
            await self.people.end(await self.people.take(task), OUTCOMES[task["type"]])
        if not mine and tasks:
            await self._forward(min(datetime.fromisoformat(task["offer_from"]) for task in tasks))
        return not tasks

    async def _stuck(self) -> str:
        """Return which leads have no task or an open one, and what is parked."""
        tasks = await self.people.items("/tasks/v1/tasks")
        ended = {task["lead_id"] for task in tasks} - {t["lead_id"] for t in tasks if t["state"] == "active"}
        left = [name for name, lead_id in self.lead_ids.items() if lead_id not in ended]
        parked = [dead for owner in OWNERS for dead in await self.people.items(f"/{owner}/v1/dead-letters")]
        return f"not ended: {left}; parked: {[(dead['type'], dead['error']) for dead in parked]}"

    async def _forward(self, moment: datetime) -> None:
        clock = self.people.stack.clock
        if moment - clock.now() > FAR:
            await settle(self.people.stack)
        clock.advance(max(moment - clock.now(), timedelta(0)))
