"""Every answer of a service held against its OpenAPI document, while other tests are about other things."""

from collections.abc import Mapping
from typing import cast

import orjson
from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common.platform.http.openapi.shape import Document
from libs.common.platform.http.problems import MEDIA_TYPE

_SHOWN = {"etag", "location", "retry-after"}
_documents: dict[str, Document] = {}


def documented(app: FastAPI) -> ASGIApp:
    """Return the app; an answer with a status, code or header that its document lacks fails the test."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        operation = operation_of(app, scope) if scope["type"] == "http" else None
        if operation is None:
            await app(scope, receive, send)
            return
        started: list[Message] = []

        async def checked(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            if started:
                start = started.pop()
                assert not (faults := faults_of(operation, start, message.get("body", b""))), faults
                await send(start)
            await send(message)

        await app(scope, receive, checked)

    return run


def operation_of(app: FastAPI, scope: Scope) -> Document | None:
    """Return the operation that a request is for, None for what no document describes (probes, unknown paths)."""
    matching = (route for route in app.routes if route.matches(scope)[0] is Match.FULL)
    path = getattr(next(matching, None), "path_format", None)
    service = app.state.service
    if service not in _documents:
        _documents[service] = app.openapi()
    paths = cast("dict[str, dict[str, Document]]", _documents[service]["paths"])
    operation = paths.get(str(path), {}).get(scope["method"].lower())
    return operation and {**operation, "document": _documents[service]}


def faults_of(operation: Document, start: Message, body: bytes) -> list[str]:
    """Return what an answer has that its operation does not say, and what it lacks."""
    status = start["status"]
    response = _resolved(operation, cast("Document", operation["responses"]).get(str(status)))
    if response is None:
        return [f"{operation['operationId']} answers {status} {body.decode()[:300]}"]
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    faults = [f"header {name} of {status}" for name in _headers(response) ^ (headers.keys() & _SHOWN)]
    if headers.get("content-type") == MEDIA_TYPE and (code := orjson.loads(body)["code"]) not in _codes(response):
        faults.append(f"{operation['operationId']} answers {status} {code}")
    return faults


def _resolved(operation: Document, response: object) -> Document | None:
    if isinstance(response, dict) and "$ref" in response:
        document = cast("dict[str, dict[str, dict[str, Document]]]", operation["document"])
        return document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return cast("Document | None", response)


def _headers(response: Document) -> set[str]:
    return {name.lower() for name in cast("Mapping[str, object]", response.get("headers", {}))} & _SHOWN


def _codes(response: Document) -> list[str]:
    content = cast("dict[str, dict[str, dict[str, list[dict[str, Document]]]]]", response["content"])
    narrowed = cast("Document", content[MEDIA_TYPE]["schema"]["allOf"][1]["properties"]["code"])
    return cast("list[str]", narrowed["enum"])
