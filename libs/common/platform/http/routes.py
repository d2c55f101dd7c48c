"""The route class of every JSON route: strict JSON, strict media type, no NUL in path or query.

`router = api_router("/intake/v1/leads", tags=["leads"])`; plain Starlette routes (webhooks that must take
anything) stay as they are.
"""

from collections.abc import Callable, Coroutine, Mapping
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, params
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.platform.http.json import UNSTORABLE, JsonValue, parse_json
from libs.common.platform.http.problems import Fault, Place, Problem

Handler = Callable[[Request], Coroutine[None, None, Response]]


class StrictRequest(Request):
    """A request whose body is JSON or refused."""

    _parsed: JsonValue

    async def body(self) -> bytes:
        """Return the body. Raises Problem 415 when there is one of another media type."""
        body = await super().body()
        if body and not is_json(self.headers.get("content-type")):
            raise Problem(415, "unsupported_media_type", headers={"Accept": "application/json"})
        return body

    async def json(self) -> JsonValue:
        """Return the body's value. Raises Problem (see `parse_json`)."""
        if not hasattr(self, "_parsed"):
            self._parsed = parse_json(await self.body())
        return self._parsed


class StrictRoute(APIRoute):
    """A FastAPI route that refuses text that PostgreSQL cannot store."""

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler behind our checks."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            refuse_nul(request)
            return await handle(self.reading(request))

        return strict

    def reading(self, request: Request) -> Request:
        """Return a request that is read as this route does: as JSON, or as it is."""
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)
        if takes_json and not isinstance(request, StrictRequest):
            return StrictRequest(request.scope, request.receive)
        return request


class DescribedRoute(Route):
    """A plain route that appears in the OpenAPI document; `operations` is its path item."""

    def __init__(self, path: str, endpoint: Callable[..., object], operations: Mapping[str, object]) -> None:
        super().__init__(path, endpoint, methods=[method.upper() for method in operations], include_in_schema=False)
        self.operations = operations


def api_router(prefix: str, *, tags: list[str], route_class: type[StrictRoute] = StrictRoute) -> APIRouter:
    """Return a router of strict routes under its full path."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=route_class)


def is_json(content_type: str | None) -> bool:
    """Return whether a media type is JSON (`application/json`, `application/…+json`)."""
    media = (content_type or "").partition(";")[0].strip().lower()
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))


def refuse_nul(request: Request) -> None:
    """Raise Problem 422 when path or query holds a NUL character."""
    faults: list[Fault] = []
    if "\x00" in request.scope["path"]:
        faults += [_nul(name, "path") for name, value in request.path_params.items() if "\x00" in str(value)]
        faults = faults or [_nul("", "path")]
    if b"%00" in request.scope["query_string"]:
        for part in request.scope["query_string"].split(b"&"):
            if b"\x00" in unquote_to_bytes(part):
                name = unquote_to_bytes(part.partition(b"=")[0]).replace(b"\x00", b"")
                faults.append(_nul(name.decode("utf-8", "replace"), "query"))
    if faults:
        raise Problem(422, "unstorable_text", errors=faults)


def _nul(name: str, place: Place) -> Fault:
    return Fault(f"/{name}", "nul_character", UNSTORABLE, place)
