"""The demo desk: its file applied as an administrator would, once; what is changed by hand later stays."""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from deploy.standins.smsru import SmsRuStandin
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY
from libs.common.deskfile.applying import FailedError, Outcome, apply, plan
from libs.common.deskfile.reading import BadFileError, DeskFile, read
from libs.common.platform.files import write_whole
from libs.common.testkit.issuer import TokenIssuer

DESK = "demo"
OPERATORS = ("maria", "ivan", "olga")
SOURCES = ("landing", "school")
FILE = Path(__file__).with_name("desk.yaml")
#: What the file takes from the environment, but for the sources' tokens: the stand-ins' demo accounts.
ACCOUNTS = {
    "WAZZUP_KEY": DEMO_KEY,
    "WAZZUP_CHANNEL": DEMO_CHANNEL,
    "SMSRU_ID": str(SmsRuStandin.config(SmsRuStandin.demo())["api_id"]),
}


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
    """Makes the desk once. The sources' tokens and addresses are kept in `kept`."""

    def __init__(self, client: httpx.AsyncClient, issuer: TokenIssuer, kept: Path, public_url: str) -> None:
        self._client = client
        self._issuer = issuer
        self._kept = kept
        self._public_url = public_url
        self._admin = issuer.token("admin", ["admin"], lifetime=timedelta(days=30))

    async def seed(self) -> DemoDesk:
        """Make the desk unless it is there, and return it. Raises SeedError when an API refuses."""
        self._client.headers["Authorization"] = f"Bearer {self._admin}"
        try:
            sources = await self._sources() or await self._made()
        finally:
            del self._client.headers["Authorization"]
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

    async def _sources(self) -> dict[str, dict[str, str]] | None:
        """Return the sources that an earlier start has made in this very database, with their tokens."""
        kept: dict[str, dict[str, str]] = json.loads(self._kept.read_text()) if self._kept.exists() else {}
        there = {s["code"]: s["hook"] for s in await _listed(self._client, "/intake/v1/sources", DESK)}
        known = all(code in kept and kept[code].get("hook") == there.get(code) for code in SOURCES)
        return kept if known else None

    async def _made(self) -> dict[str, dict[str, str]]:
        tokens = {code: secrets.token_urlsafe(24) for code in SOURCES}
        environment = {f"{code.upper()}_TOKEN": token for code, token in tokens.items()}
        try:
            outcome = await put_to_work(self._client, read(FILE, {**ACCOUNTS, **environment}))
        except (BadFileError, FailedError) as error:
            raise SeedError("; ".join(error.lines)) from error
        addresses = outcome.said("intake", "hooks")
        kept = {code: {"hook": str(addresses[code]), "secret": token} for code, token in tokens.items()}
        # Last: a start that was interrupted makes all of it again.
        write_whole(self._kept, json.dumps(kept), 0o600)
        return kept

    def _webhook_url(self, source: dict[str, str]) -> str:
        return f"{self._public_url}{source['hook']}"


async def put_to_work(client: httpx.AsyncClient, file: DeskFile) -> Outcome:
    """Apply a desk file, subscribe its channels to what their providers report, check its operators in.

    `client` bears an administrator's token. Raises BadFileError, FailedError, SeedError.
    """
    outcome = await apply(client, file, await plan(client, file))
    for channel in await _listed(client, "/notifications/v1/channels", file.desk):
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
