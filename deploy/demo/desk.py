"""The demo desks: their files applied as an administrator would, once; what is changed by hand later stays."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from deploy.standins.getcourse.standin import DEMO_KEY as GETCOURSE_KEY
from deploy.standins.smsru import SmsRuStandin
from deploy.standins.team_webhook import TeamWebhookStandin
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY, SCHOOL_CHANNEL, SCHOOL_KEY
from libs.common.deskfile.applying import FailedError, Outcome, apply, plan
from libs.common.deskfile.reading import BadFileError, DeskFile, read
from libs.common.platform.files import write_whole
from libs.common.testkit.issuer import TokenIssuer

DESK, SCHOOL = "demo", "school"
OPERATORS = ("maria", "ivan", "olga")


@dataclass(frozen=True, slots=True)
class Plan:
    """A desk to be made: its file, the sources that it has by their tokens' names, and the stand-ins' accounts."""

    desk: str
    file: Path
    tokens: Mapping[str, str]
    accounts: Mapping[str, str]


DEMO_PLAN = Plan(
    DESK,
    Path(__file__).with_name("desk.yaml"),
    {"landing": "LANDING_TOKEN", "school": "SCHOOL_TOKEN"},
    {
        "WAZZUP_KEY": DEMO_KEY,
        "WAZZUP_CHANNEL": DEMO_CHANNEL,
        "SMSRU_ID": str(SmsRuStandin.config(SmsRuStandin.demo())["api_id"]),
    },
)
SCHOOL_PLAN = Plan(
    SCHOOL,
    Path(__file__).with_name("school.yaml"),
    {"getcourse": "SCHOOL_TOKEN"},
    {
        "WAZZUP_KEY": SCHOOL_KEY,
        "WAZZUP_CHANNEL": SCHOOL_CHANNEL,
        "SMSRU_ID": str(SmsRuStandin.config(SmsRuStandin.school())["api_id"]),
        "TEAM_URL": str(TeamWebhookStandin.config(TeamWebhookStandin.demo())["url"]),
        "GETCOURSE_KEY": GETCOURSE_KEY,
    },
)


@dataclass(frozen=True, slots=True)
class SchoolDesk:
    """The webhook of the school's GetCourse, and its token."""

    url: str
    token: str

    def as_dict(self) -> dict[str, object]:
        """Return the desk as `GET /dev/info` shows it."""
        return {"desk": SCHOOL, "source": {"url": self.url, "token": self.token}}


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """The URLs and tokens of the desk; tokens of the administrator and the operators are valid for a month."""

    landing_url: str
    landing_token: str
    school_url: str
    school_token: str
    token: str
    operators: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        """Return the desk as `GET /dev/info` shows it."""
        return {
            "desk": DESK,
            "sources": {
                "landing": {"url": self.landing_url, "token": self.landing_token, "playbook": "callback"},
                "school": {"url": self.school_url, "token": self.school_token, "playbook": "school"},
            },
            "operators": self.operators,
            "playbooks": ["callback", "school"],
            "token": self.token,
        }

    def as_json(self) -> str:
        """Return it as JSON for a terminal."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2)


class SeedError(RuntimeError):
    """An API refused a part of the desk; the message holds its answer."""


class Seeder:
    """Makes desks once. The sources' tokens and addresses are kept in `kept`, those of the school beside it."""

    def __init__(self, client: httpx.AsyncClient, issuer: TokenIssuer, kept: Path, public_url: str) -> None:
        self._client = client
        self._issuer = issuer
        self._kept = kept
        self._public_url = public_url
        self._admin = issuer.token("admin", ["admin"], lifetime=timedelta(days=30))

    async def seed(self) -> DemoDesk:
        """Make the demo desk unless it is there, and return it. Raises SeedError when an API refuses."""
        sources = await self._seeded(DEMO_PLAN, self._kept)
        tokens = {
            sub: self._issuer.token(sub, ["operator"], [DESK], lifetime=timedelta(days=30)) for sub in OPERATORS
        }
        return DemoDesk(
            landing_url=self._webhook_url(sources["landing"]),
            landing_token=sources["landing"]["secret"],
            school_url=self._webhook_url(sources["school"]),
            school_token=sources["school"]["secret"],
            token=self._admin,
            operators=tokens,
        )

    async def seed_school(self) -> SchoolDesk:
        """Make the desk of the school unless it is there, and return it. Raises SeedError when an API refuses."""
        source = (await self._seeded(SCHOOL_PLAN, self._kept.with_name("school.json")))["getcourse"]
        return SchoolDesk(self._webhook_url(source), source["secret"])

    async def _seeded(self, plan: Plan, kept: Path) -> dict[str, dict[str, str]]:
        self._client.headers["Authorization"] = f"Bearer {self._admin}"
        try:
            return await self._known(plan, _read(kept)) or await self._made(plan, kept)
        finally:
            del self._client.headers["Authorization"]

    async def _known(self, plan: Plan, kept: dict[str, dict[str, str]]) -> dict[str, dict[str, str]] | None:
        """Return the sources that an earlier start has made in this very database, with their tokens."""
        there = {s["code"]: s["hook"] for s in await _listed(self._client, "/intake/v1/sources", plan.desk)}
        known = all(code in kept and kept[code].get("hook") == there.get(code) for code in plan.tokens)
        return kept if known else None

    async def _made(self, plan: Plan, path: Path) -> dict[str, dict[str, str]]:
        tokens = {code: secrets.token_urlsafe(24) for code in plan.tokens}
        environment = {plan.tokens[code]: token for code, token in tokens.items()}
        try:
            outcome = await put_to_work(self._client, read(plan.file, {**plan.accounts, **environment}))
        except (BadFileError, FailedError) as error:
            raise SeedError("; ".join(error.lines)) from error
        addresses = outcome.said("intake", "hooks")
        kept = {code: {"hook": str(addresses[code]), "secret": token} for code, token in tokens.items()}
        # Last: a start that was interrupted makes all of it again.
        write_whole(path, json.dumps(kept), 0o600)
        return kept

    def _webhook_url(self, source: dict[str, str]) -> str:
        return f"{self._public_url}{source['hook']}"


def _read(kept: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(kept.read_text()) if kept.exists() else {}
    return found


async def put_to_work(client: httpx.AsyncClient, file: DeskFile) -> Outcome:
    """Apply a desk file, subscribe its channels to what their providers report, check its operators in.

    `client` bears an administrator's token. Raises BadFileError, FailedError, SeedError.
    """
    outcome = await apply(client, file, await plan(client, file))
    heard = [one for one in await _listed(client, "/notifications/v1/channels", file.desk) if one["hook_path"]]
    for channel in heard:
        _accepted(await client.post(f"/notifications/v1/channels/{channel['id']}/subscribe"))
    for operator in await _listed(client, "/assignment/v1/operators", file.desk):
        _accepted(await client.post("/assignment/v1/check-in", json={"operator_id": operator["id"]}))
    return outcome


async def _listed(client: httpx.AsyncClient, path: str, desk: str) -> list[dict[str, str]]:
    answer = await client.get(path, params={"limit": 200, "desk": desk})
    items: list[dict[str, str]] = _accepted(answer)["items"]
    return items


def _accepted(answer: httpx.Response) -> dict[str, list[dict[str, str]]]:
    if answer.is_error:
        raise SeedError(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}"
        )
    made: dict[str, list[dict[str, str]]] = answer.json()
    return made
