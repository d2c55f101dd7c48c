"""The four rehearsals, each asked with what the one before has said: services call no other."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import BaseModel

from libs.common.deskfile.services import checked
from libs.common.rehearsal.answers import Decided, Document, Rehearsed, Said, Tried, Worked

DRY = {"dry_run": "true"}


class NoSourceError(Exception):
    """The desk has no source of this code; `known` are those that it has."""

    def __init__(self, code: str, known: list[str]) -> None:
        super().__init__(f"no source {code!r}; there are: {', '.join(known) or 'none'}")


class _Source(BaseModel):
    """A source of the desk."""

    id: str
    code: str


class _Page(BaseModel):
    """A page of sources."""

    items: list[_Source]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as its sender makes it; empty: the example of the source's format."""

    body: bytes = b""
    content_type: str = ""


async def rehearse(client: httpx.AsyncClient, desk: str, source: str, sample: Sample) -> Rehearsed:
    """Return what each service would do with a request. Raises RefusedError, NoSourceError."""
    source_id = await _source(client, desk, source)
    headers = {"Content-Type": sample.content_type} if sample.body else {}
    path = f"/intake/v1/sources/{source_id}/test-lead"
    sent = await client.post(path, params=DRY, content=sample.body, headers=headers)
    tried = Tried.model_validate(checked("intake", sent))
    found = Rehearsed(desk=desk, source=source, source_id=source_id, tried=tried)
    if tried.lead is None and tried.contact is None:
        return found
    given = {name: part for name, part in (("lead", tried.lead), ("contact", tried.contact)) if part is not None}
    found.worked = Worked.model_validate(await _ask(client, "tasks", desk, given))
    for task in (task for process in found.worked.processes for task in process.tasks if task.work is not None):
        answer = await _ask(client, "assignment", desk, {"work": task.work})
        found.decided.append(Decided.model_validate(answer))
    for message in found.worked.messages:
        answer = await _ask(client, "notifications", desk, {"message": message})
        found.said.append(Said.model_validate(answer))
    return found


async def _ask(client: httpx.AsyncClient, service: str, desk: str, given: Mapping[str, object]) -> Document:
    sent = await client.post(f"/{service}/v1/rehearsals", params=DRY, json={"desk": desk, **given})
    return checked(service, sent)


async def _source(client: httpx.AsyncClient, desk: str, code: str) -> str:
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        params = {"desk": desk, "limit": "200", **({"cursor": cursor} if cursor else {})}
        page = _Page.model_validate(checked("intake", await client.get("/intake/v1/sources", params=params)))
        found |= {one.code: one.id for one in page.items}
        if code in found:
            return found[code]
        cursor = page.next_cursor
        if cursor is None:
            raise NoSourceError(code, list(found))
