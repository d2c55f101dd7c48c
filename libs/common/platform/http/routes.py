"""The route class of every JSON route: strict JSON, strict media type, no NUL in path or query.

`router = api_router("/intake/v1/leads", tags=["leads"])`; plain Starlette routes (webhooks that must take
anything) stay as they are.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import get_args, get_origin
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import APIKeyQuery
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.common.platform.audit.record import recorded
from libs.common.platform.auth.dependencies import Require
from libs.common.platform.http.etag import named
from libs.common.platform.http.json import UNSTORABLE, JsonValue, parse_json
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Place, Problem

_ONCE = Text("только один раз", "only once")

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
    """A FastAPI route that first asks who calls, and refuses what else would be ignored or not stored.

    Answers with personal data (`shows`) are in the audit log before they leave.
    """

    def __init__(self, path: str, endpoint: Callable[..., Awaitable[object]], **options: object) -> None:
        audited = recorded(endpoint, str(options.get("operation_id")))
        super().__init__(path, audited, **options)  # type: ignore[arg-type] # passed through as given

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler behind our checks."""
        handle, known = super().get_route_handler(), _parameters(self.dependant)

        async def strict(request: Request) -> Response:
            await self.authorize(request)
            refuse_nul(request)
            refuse_unknown(request, known)
            try:
                return unchanged(request, await handle(self.reading(request)))
            except Problem as problem:
                raise named(problem, request) from None

        return strict

    def reading(self, request: Request) -> Request:
        """Return a request that is read as this route does: as JSON, or as it is."""
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)
        if takes_json and not isinstance(request, StrictRequest):
            return StrictRequest(request.scope, request.receive)
        return request

    async def authorize(self, request: Request) -> None:
        """Raise Problem 401 or 403 for a caller who may not call this route at all."""
        for part in parts_of(self.dependant):
            if isinstance(part.call, Require):
                await part.call(request)


class DescribedRoute(Route):
    """A plain route that appears in the OpenAPI document: `operations` is its path item, `refusals` are codes."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., object],
        operations: Mapping[str, object],
        refusals: Sequence[str] = (),
    ) -> None:
        super().__init__(path, endpoint, methods=[method.upper() for method in operations], include_in_schema=False)
        self.operations = operations
        self.refusals = tuple(refusals)


def api_router(prefix: str, *, tags: list[str], route_class: type[StrictRoute] = StrictRoute) -> APIRouter:
    """Return a router of strict routes under its full path."""
    return APIRouter(prefix=prefix, tags=list(tags), route_class=route_class)


def is_json(content_type: str | None) -> bool:
    """Return whether a media type is JSON (`application/json`, `application/…+json`)."""
    media = (content_type or "").partition(";")[0].strip().lower()
    return media == "application/json" or (media.startswith("application/") and media.endswith("+json"))


def parts_of(dependant: Dependant) -> Iterator[Dependant]:
    """Yield what an endpoint depends on, itself included."""
    yield dependant
    for inner in dependant.dependencies:
        yield from parts_of(inner)


def unchanged(request: Request, response: Response) -> Response:
    """Return 304 for what the caller has already (RFC 9110 §13.1.2), else the response."""
    tag, seen = response.headers.get("etag"), request.headers.get("if-none-match")
    if tag is None or seen is None or request.method != "GET":
        return response
    tags = {one.strip().removeprefix("W/") for one in seen.split(",")}
    return Response(status_code=304, headers={"ETag": tag}) if tags & {tag, "*"} else response


def refuse_unknown(request: Request, known: Mapping[str, bool]) -> None:
    """Raise Problem 422 for query parameters that are not `known`, or given twice where one is taken."""
    if not request.scope["query_string"]:
        return
    given = Counter(name for name, _ in request.query_params.multi_items())
    names = ", ".join(sorted(known)) or "–"
    unknown = Text(f"такого параметра нет; есть: {names}", f"no such parameter; there are: {names}")
    faults = [_fault(name, "unknown_parameter", unknown) for name in given if name not in known]
    faults += [
        _fault(name, "given_twice", _ONCE)
        for name, times in given.items()
        if times > 1 and not known.get(name, True)
    ]
    if faults:
        raise Problem(422, "validation_failed", errors=faults)


def _parameters(dependant: Dependant) -> dict[str, bool]:
    """Return the query parameters of a route, and whether each may be given more than once."""
    parts = list(parts_of(dependant))
    proofs = {part.call.model.name: False for part in parts if isinstance(part.call, APIKeyQuery)}
    fields = [field for part in parts for field in part.query_params]
    return {**proofs, **{field.alias: _takes_many(field.field_info.annotation) for field in fields}}


def _takes_many(annotation: object) -> bool:
    return get_origin(annotation) is list or any(_takes_many(part) for part in get_args(annotation))


def _fault(name: str, code: str, detail: Text) -> Fault:
    return Fault(f"/{name}", code, detail, "query")


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
