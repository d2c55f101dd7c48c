"""The demo desk: made through the public APIs as an administrator would make it, and safe to repeat."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from deploy.demo.templates import SMS, TEMPLATES
from deploy.standins.smsru import SmsRuStandin
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY
from deploy.standins.wazzup.standin import Standin as Wazzup
from libs.common.platform.files import write_whole
from libs.common.testkit.issuer import TokenIssuer

DESK = "demo"
OPERATORS = {"maria": "Мария", "ivan": "Иван", "olga": "Ольга"}
POOLS = {"callback": ("Обратные звонки", "Callbacks"), "sales": ("Продажи", "Sales")}
PLAYBOOKS = ("callback", "school")  # beside the built-in one
_LIBRARY = Path(__file__).parents[2] / "services" / "tasks" / "playbooks" / "library"


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
    """Makes the desk once. Secrets that are shown at creation alone are kept in `kept`."""

    def __init__(self, client: httpx.AsyncClient, issuer: TokenIssuer, kept: Path, public_url: str) -> None:
        self._client = client
        self._issuer = issuer
        self._kept = kept
        self._public_url = public_url
        self._admin = issuer.token("admin", ["admin"], lifetime=timedelta(days=30))

    async def seed(self) -> DemoDesk:
        """Make what is missing and return the desk. Raises SeedError when an API refuses."""
        await self._desk_and_playbooks()
        await self._templates_and_channels()
        await self._operators()
        sources = await self._sources()
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

    async def _desk_and_playbooks(self) -> None:
        titles = {"ru": "Демонстрация", "en": "Demo"}
        desk = {"code": DESK, "title": titles, "zone": "Europe/Moscow", "languages": ["ru", "en"]}
        await self._make("/tasks/v1/desks", desk)
        for code in PLAYBOOKS:
            if await self._is_active(code):
                continue
            made = await self._post("/tasks/v1/playbooks", (_LIBRARY / f"{code}.yaml").read_bytes())
            chosen = {"desk": DESK, "version": made["version"]}
            await self._post(f"/tasks/v1/playbooks/{code}/activate", chosen)

    async def _is_active(self, code: str) -> bool:
        listed = await self._list("/tasks/v1/playbooks")
        return any(item["code"] == code and DESK in str(item["active_at"]) for item in listed)

    async def _templates_and_channels(self) -> None:
        listed = await self._list("/notifications/v1/templates", desk=DESK, state="approved")
        for code, bodies in TEMPLATES.items():
            if any(item["code"] == code for item in listed):
                continue
            template = {"desk": DESK, "code": code, "bodies": bodies, "variants": {"sms": {"bodies": SMS[code]}}}
            made = await self._post("/notifications/v1/templates", template)
            await self._post(f"/notifications/v1/templates/{code}/versions/{made['version']}/approve?desk={DESK}")
        wazzup = {"api_key": DEMO_KEY, "provider_channel_id": DEMO_CHANNEL}
        for code, known, config in (
            ("main", Wazzup.code, wazzup),
            ("sms", SmsRuStandin.code, SmsRuStandin.config(SmsRuStandin.demo())),
        ):
            channel = {"desk": DESK, "code": code, "config": {"provider": known, **config}}
            made_id = await self._make("/notifications/v1/channels", channel)
            await self._post(f"/notifications/v1/channels/{made_id}/subscribe")

    async def _operators(self) -> None:
        for code, (ru, en) in POOLS.items():
            await self._make("/assignment/v1/pools", {"desk": DESK, "code": code, "title": {"ru": ru, "en": en}})
        for subject, name in OPERATORS.items():
            pools = [{"code": code} for code in POOLS]
            operator = {"desk": DESK, "subject": subject, "name": name, "pools": pools}
            made_id = await self._make("/assignment/v1/operators", operator)
            await self._post("/assignment/v1/check-in", {"operator_id": made_id})

    async def _sources(self) -> dict[str, dict[str, str]]:
        kept: dict[str, dict[str, str]] = json.loads(self._kept.read_text()) if self._kept.exists() else {}
        listed = {source["id"] for source in await self._list("/intake/v1/sources", desk=DESK)}
        for code, form, playbook in (("landing", "landing", "callback"), ("school", "getcourse", "school")):
            if code in kept and kept[code].get("id") in listed:
                continue
            body = {
                "desk": DESK,
                "code": code,
                "format": form,
                "auth": "token",
                "playbook": playbook,
                "zone": "Europe/Moscow",
                "language": "ru",
                "rate_per_second": 5000,
            }
            # The secret was not kept (an interrupted start, another database): rotate it.
            made_id = await self._make("/intake/v1/sources", body)
            made = await self._post(f"/intake/v1/sources/{made_id}/rotate", {"grace_seconds": 0})
            kept[code] = {"id": made_id, "hook": made["hook"], "secret": made["secret"]}
            write_whole(self._kept, json.dumps(kept), 0o600)
        return kept

    def _webhook_url(self, source: dict[str, str]) -> str:
        return f"{self._public_url}{source['hook']}"

    async def _make(self, path: str, body: Mapping[str, object]) -> str:
        """Create a thing, or find the one of this code; return its id (a desk's is its code)."""
        answer = await self._client.post(path, json=body, headers=self._auth())
        if answer.status_code == httpx.codes.CONFLICT:
            return str(answer.json()["existing"])
        made = _accepted(answer)
        return str(made.get("id", made.get("code")))

    async def _post(self, path: str, body: object = None) -> dict[str, str]:
        """Post JSON, or YAML when `body` is bytes; return the answer's JSON."""
        if isinstance(body, bytes):
            headers = {**self._auth(), "Content-Type": "application/yaml"}
            answer = await self._client.post(path, content=body, headers=headers)
        else:
            answer = await self._client.post(path, json=body, headers=self._auth())
        return _accepted(answer)

    async def _list(self, path: str, **params: str) -> list[dict[str, object]]:
        answer = await self._client.get(path, params={"limit": 200, **params}, headers=self._auth())
        _accepted(answer)
        items: list[dict[str, object]] = answer.json()["items"]
        return items

    def _auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._admin}"}


def _accepted(answer: httpx.Response) -> dict[str, str]:
    if answer.is_error:
        raise SeedError(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}"
        )
    made: dict[str, str] = answer.json()
    return made
