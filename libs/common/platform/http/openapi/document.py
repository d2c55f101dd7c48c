"""The document of one service: what FastAPI says of its routes, and what our conventions add."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from libs.common.platform.audit.shown import shown_by
from libs.common.platform.http.openapi.answers import (
    Codes,
    codes_of,
    common_responses,
    not_modified,
    refusals,
    success_headers,
)
from libs.common.platform.http.openapi.examples import with_examples
from libs.common.platform.http.openapi.parts import HEADERS, PARAMETERS, SCHEMAS, SECURITY
from libs.common.platform.http.openapi.shape import Document, Shape, shape_of
from libs.common.platform.http.openapi.streams import schemas_of_events, stream_answer
from libs.common.platform.http.openapi.strings import without_nul
from libs.common.platform.http.openapi.texts import about, describe
from libs.common.platform.http.problems import ProblemStyle
from libs.common.platform.http.refusals import refusals_of
from libs.common.platform.http.routes import DescribedRoute
from libs.common.platform.http.sse import events_of

VERSION = "1"
_SHARED = {"If-Match": "IfMatch", "Idempotency-Key": "IdempotencyKey"}
_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")
_PAGES = re.compile(r"\bPage_(\w+?)_\b")
_REFERENCE = re.compile(r'"#/components/(\w+)/([^"]+)"')


def service_openapi(app: FastAPI) -> Document:
    """Return the document, made at the first call."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> Document:
    document: Document = get_openapi(
        title=app.title, version=VERSION, description=about(), routes=app.routes, servers=[{"url": "/"}]
    )
    style: ProblemStyle = app.state.problems
    codes = Codes(style.table)
    paths = cast("dict[str, dict[str, Document]]", document.setdefault("paths", {}))
    of_events: Document = {}
    for route, operation in _described_by_fastapi(app, paths):
        if shown_by(route.endpoint) is not None:
            operation["x-audited"] = True
        if events := events_of(route.endpoint):
            cast("dict[str, Document]", operation["responses"])["200"] = stream_answer(events)
            of_events |= schemas_of_events(events)
        _finish(operation, shape_of(route), codes, refusals_of(route.endpoint))
    for described in app.routes:
        if isinstance(described, DescribedRoute):
            paths[described.path] = {m: _finished(o, codes, described) for m, o in described.operations.items()}
    components = cast("dict[str, Document]", document.setdefault("components", {}))
    schemas = {name: s for name, s in components.get("schemas", {}).items() if name not in _FASTAPIS_OWN}
    components |= {
        "schemas": {**of_events, **schemas, **SCHEMAS}, "parameters": {**PARAMETERS}, "headers": {**HEADERS},
        "responses": common_responses(), "securitySchemes": {**SECURITY},
    }  # fmt: skip
    return pruned(with_examples(without_nul(_closed(describe(_renamed(document))))))


def _renamed(document: Document) -> Document:
    """Return the document with the names of pages as people say them: `LeadViewPage`, not `Page_LeadView_`."""
    renamed: Document = json.loads(_PAGES.sub(r"\1Page", json.dumps(document)))
    return renamed


def _closed(document: Document) -> Document:
    """Refuse names that fit no pattern of a mapping, as the services do."""
    for part in _mappings(document):
        part.setdefault("additionalProperties", False)
    return document


def _mappings(part: object) -> Iterator[Document]:
    if isinstance(part, dict):
        if "patternProperties" in part:
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _mappings(inner)


def pruned(document: Document) -> Document:
    """Return the document without components that nothing refers to."""
    components = cast("dict[str, Document]", document["components"])
    used = _used(document)
    kept = {
        kind: {name: part for name, part in sorted(parts.items()) if (kind, name) in used}
        for kind, parts in components.items()
    }
    return {**document, "components": {kind: parts for kind, parts in kept.items() if parts}}


def _used(document: Document) -> set[tuple[str, str]]:
    components = cast("dict[str, Document]", document["components"])
    used = {("securitySchemes", name) for name in _schemes(document)}
    waiting = [json.dumps(document["paths"]), *(json.dumps(s) for s in _always(components))]
    while waiting:
        for kind, name in _REFERENCE.findall(waiting.pop()):
            if (kind, name) not in used:
                used.add((kind, name))
                waiting.append(json.dumps(components[kind][name]))
    return used


def _always(components: Mapping[str, Document]) -> Iterator[object]:
    yield components["schemas"]["Problem"]


def _schemes(document: Document) -> Iterator[str]:
    for item in cast("dict[str, dict[str, Document]]", document["paths"]).values():
        for operation in item.values():
            for wanted in cast("list[dict[str, object]]", operation.get("security", [])):
                yield from wanted


def _described_by_fastapi(
    app: FastAPI, paths: Mapping[str, Mapping[str, Document]]
) -> Iterator[tuple[APIRoute, Document]]:
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                yield route, paths[route.path_format][method.lower()]


def _finish(operation: Document, shape: Shape, codes: Codes, named: Sequence[str]) -> None:
    responses = cast("dict[str, Document]", operation["responses"])
    responses.pop("422", None)
    for answer in responses.values():
        answer["headers"] = success_headers(shape)
    current = _schema_of(next(iter(responses.values()), {})) if shape.takes_version else None
    responses |= cast("dict[str, Document]", refusals(codes.by_status([*codes_of(shape), *named]), current))
    if shape.is_read and shape.sets_etag:
        responses["304"] = not_modified()
    operation["responses"] = dict(sorted(responses.items()))
    operation["summary"] = summary(str(operation["operationId"]))
    if shape.grants:
        operation["x-roles"] = sorted(shape.grants)
        operation["x-scopes"] = dict(sorted(shape.grants.items()))
    parameters = [_shared(one, shape) for one in cast("list[Document]", operation.get("parameters", []))]
    if shape.takes_key:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if shape.is_read and shape.sets_etag:
        parameters.append({"$ref": "#/components/parameters/IfNoneMatch"})
    if shape.in_language:
        parameters.append({"$ref": "#/components/parameters/AcceptLanguage"})
    if parameters:
        operation["parameters"] = parameters


def _finished(operation: object, codes: Codes, route: DescribedRoute) -> Document:
    """Return a plain route's own description with its refusals."""
    made = deepcopy(cast("Document", operation))
    responses = cast("dict[str, Document]", made["responses"])
    made["responses"] = {**responses, **refusals(codes.by_status(route.refusals))}
    return made


def summary(operation_id: str) -> str:
    """Return what an operation does in three words: `list_leads` is "List leads"."""
    return operation_id.replace("_", " ").capitalize()


def _shared(parameter: Document, shape: Shape) -> Document:
    """Return a parameter that many operations have by its reference; one that only some requests need stays."""
    name = _SHARED.get(str(parameter.get("name")))
    if name == "IfMatch" and not shape.takes_version:
        return parameter
    return {"$ref": f"#/components/parameters/{name}"} if name else parameter


def _schema_of(answer: Document) -> object:
    content = cast("dict[str, Document]", answer.get("content", {}))
    return content.get("application/json", {}).get("schema")
