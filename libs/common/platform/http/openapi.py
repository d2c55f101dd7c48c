"""The service's OpenAPI document: problems instead of FastAPI's own error shape, bearer tokens for all."""

from copy import deepcopy

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from libs.common.platform.http.problems import MEDIA_TYPE
from libs.common.platform.http.routes import DescribedRoute

_FAULT = {
    "type": "object",
    "required": ["pointer", "code"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) to the fault"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "in": {"enum": ["body", "query", "path", "header", "cookie"]},
    },
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457; other members may stand beside these (current, existing)",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable, for programs"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {"type": "array", "items": _FAULT},
    },
}
_ANSWER = {
    "description": "A problem",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

Document = dict[str, object]


def service_openapi(app: FastAPI) -> Document:
    """Return the document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        paths = document.setdefault("paths", {})
        paths |= {r.path: deepcopy(r.operations) for r in app.routes if isinstance(r, DescribedRoute)}
        for path in paths.values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = _ANSWER
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema
