"""The four services as the command sees them: which members of a file are whose, and their answers."""

import asyncio
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from time import monotonic

import httpx
from pydantic import BaseModel

from libs.common.deskfile.reading import Document
from libs.common.platform.configuration import PartChange

#: In the order of applying: no lead comes before its playbook, its people and its messages.
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "tasks": ("title", "zone", "languages", "calendar", "holidays", "playbooks"),
    "assignment": ("pools", "operators", "shifts", "departments", "pauses", "attendance", "absences"),
    "notifications": ("channels", "templates", "sending"),
    "intake": ("sources", "schools", "calling", "masking"),
}
#: One member of the file, of which each service has its kinds: for how many days what names persons is kept.
RETENTION = "retention"
KINDS: Mapping[str, tuple[str, ...]] = {
    "tasks": ("comments", "timeline"),
    "notifications": ("messages", "callbacks"),
    "intake": ("deliveries", "recordings", "customers"),
}
_TITLE = {"ru": "–", "en": "–"}
#: What stands for a faulty member without which the others could not be judged.
STAND_INS: Mapping[str, object] = {"title": _TITLE, "zone": "UTC"}
STAND_IN_POOL: Document = {"title": _TITLE}
PATIENCE = 60.0  # seconds for what one service has published to reach another
CONFLICT, REFUSED = 409, 422
LAGS, UNHEARD = "not_known_yet", "unknown_playbook"


class _Held(BaseModel):
    """What a desk has at a service."""

    document: Document | None


class _Said(_Held, extra="allow"):
    """What applying a document changes, and what one service alone says of it."""

    changes: tuple[PartChange, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said of its part: what the desk had before, what changes, and all else in `said`."""

    before: Document | None
    changes: tuple[PartChange, ...]
    tag: str
    said: Document


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fault of a part; `at` is a JSON pointer into the file."""

    at: str
    detail: str


class RefusedError(Exception):
    """A service refused its part."""

    def __init__(self, service: str, status: int, code: str, faults: tuple[Refusal, ...]) -> None:
        super().__init__(f"{service} answers {status} {code}")
        self.service, self.status, self.code, self.faults = service, status, code, faults


class Part:
    """One service's part of a desk, over HTTP."""

    def __init__(self, client: httpx.AsyncClient, service: str, desk: str) -> None:
        self.service = service
        self._client, self._path = client, f"/{service}/v1/desks/{desk}/configuration"

    async def plan(self, document: Document) -> Answer:
        """Return what applying would do. Raises RefusedError."""
        return self._answer(await self._client.post(self._path, json=document))

    async def apply(self, document: Document, tag: str) -> Answer:
        """Apply a plan; wait for what the service may not have heard yet. Raises RefusedError."""
        end = monotonic() + PATIENCE
        while True:
            sent = await self._client.post(
                self._path, params={"mode": "apply"}, json=document, headers={"If-Match": tag}
            )
            if not _lags(sent) or monotonic() > end:
                return self._answer(sent)
            await asyncio.sleep(float(sent.headers.get("Retry-After", 1)))

    async def export(self) -> Document | None:
        """Return what the desk has; None for a desk that does not exist. Raises RefusedError."""
        answer = await self._client.get(self._path)
        return _Held.model_validate(checked(self.service, answer)).document

    def _answer(self, sent: httpx.Response) -> Answer:
        said = _Said.model_validate(checked(self.service, sent))
        return Answer(said.document, said.changes, sent.headers["ETag"], said.model_extra or {})


def checked(service: str, sent: httpx.Response) -> Document:
    """Return what a service has answered. Raises RefusedError."""
    if sent.is_success:
        found: Document = sent.json()
        return found
    try:
        problem = sent.json()
    except ValueError:
        raise RefusedError(service, sent.status_code, sent.reason_phrase, ()) from None
    faults = tuple(Refusal(each["pointer"], each["detail"] or each["code"]) for each in problem.get("errors", ()))
    raise RefusedError(service, sent.status_code, problem.get("code", ""), faults)


def _lags(sent: httpx.Response) -> bool:
    """Return whether a service has yet to hear what another one has done. The plan found no slip in any name."""
    if sent.status_code == REFUSED:
        return {fault["code"] for fault in sent.json().get("errors", ())} == {UNHEARD}
    return sent.status_code == CONFLICT and sent.json().get("code") == LAGS


def part_of(service: str, document: Document) -> Document:
    """Return the members of a file that are this service's."""
    part = {name: document[name] for name in MEMBERS[service] if name in document}
    if RETENTION not in document or service not in KINDS:
        return part
    days = document[RETENTION]
    own = {kind: days[kind] for kind in KINDS[service] if kind in days} if isinstance(days, dict) else days
    return {**part, RETENTION: own}


def joined(parts: Iterable[Document]) -> Document:
    """Return the members of all services as one document."""
    found: Document = {}
    for part in parts:
        days = {**_days(found), **_days(part)}
        found |= {**part, **({RETENTION: days} if days else {})}
    return found


def _days(part: Document) -> dict[str, object]:
    days = part.get(RETENTION)
    return days if isinstance(days, dict) else {}


def without(document: Document, faulty: Iterable[str]) -> Document:
    """Return a document without the things that JSON pointers lead into, so that all others can be judged.

    Of a template's texts only the faulty ones are left out.
    """
    left = deepcopy(document)
    for at in faulty:
        _, name, code, member, text, *_ = (
            part.replace("~1", "/").replace("~0", "~") for part in f"{at}////".split("/")
        )
        section = left.get(name)
        thing = section.get(code) if isinstance(section, dict) else None
        texts = thing.get(member) if isinstance(thing, dict) and member == "bodies" else None
        if name in STAND_INS:
            left[name] = STAND_INS[name]
        elif not isinstance(section, dict) or not code:
            left.pop(name, None)
        elif name == "pools" and code in section:
            section[code] = STAND_IN_POOL
        elif isinstance(texts, dict) and len(texts) > 1 and text in texts:
            del texts[text]
        else:
            section.pop(code, None)
    return left


def unknown_members(document: Document) -> list[str]:
    """Return the members that are no service's."""
    known = {"desk", RETENTION, *(name for names in MEMBERS.values() for name in names)}
    kinds = {kind for kinds in KINDS.values() for kind in kinds}
    unknown = [f"{RETENTION}/{kind}" for kind in _days(document) if kind not in kinds]
    return [*(name for name in document if name not in known), *unknown]
