"""The app factory: full paths (`/intake/v1/…`, `/intake/livez`), one middleware, problems for every error."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.http.docs_page import docs_routes
from libs.common.platform.http.language import Language
from libs.common.platform.http.problems import BASE, ErrorTable, Problem, ProblemStyle, problem_response
from libs.common.platform.http.readiness import Readiness
from libs.common.platform.http.routes import StrictRoute
from libs.common.platform.http.shell import BODY_LIMIT, HttpMetrics, Shell
from libs.common.platform.http.translate import answer_framework_error
from libs.common.platform.telemetry.metrics import CONTENT_TYPE_LATEST, new_registry, render
from libs.common.platform.telemetry.tracing import Tracing

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_NO_TELEMETRY_OF_ITS_OWN: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}


def create_app(
    *,
    service: str,
    title: str,
    routers: Sequence[APIRouter],
    routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
    errors: ErrorTable | None = None,
    readiness: Readiness | None = None,
    registry: CollectorRegistry | None = None,
    auth: JwtVerifier | None = None,
    tracing: Tracing | None = None,
    languages: Sequence[Language] = (Language.RU, Language.EN),
    body_limit: int = BODY_LIMIT,
    problem_base: str = BASE,
    origins: Collection[str] = (),
) -> FastAPI:
    """Return the service's app. `routes` are plain Starlette routes and come first (the hot path). `origins`: pages
    elsewhere that may read its answers.

    `app.state`: `auth`, `readiness`, `registry`, `problems`, `stopping` (set it to end streams), and what the
    lifespan adds. Raises TypeError for a router that was not made by `api_router`.
    """
    registry = registry if registry is not None else new_registry()
    app = FastAPI(
        title=title, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
        lifespan=_stopping(lifespan), telemetry=_NO_TELEMETRY_OF_ITS_OWN,
    )  # fmt: skip
    app.state.service, app.state.registry, app.state.auth = service, registry, auth
    app.state.readiness = readiness or Readiness()
    app.state.stopping = asyncio.Event()
    app.state.problems = ProblemStyle(problem_base, languages[0], dict(errors or {}))
    app.add_exception_handler(HTTPException, answer_framework_error)
    app.add_exception_handler(RequestValidationError, answer_framework_error)
    app.router.routes[:] = [*routes, *_flat(routers), *_service_routes(f"/{service}")]
    templates: dict[object, str] = {
        route.endpoint: route.path_format for route in app.router.routes if isinstance(route, Route)
    }
    app.add_middleware(
        Shell, service=service, tracing=tracing or Tracing(service), metrics=HttpMetrics(registry),
        body_limit=body_limit, templates=templates, origins=origins,
    )  # fmt: skip
    app.openapi = lambda: _document(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


def begin_shutdown(app: FastAPI) -> None:
    """Answer not ready and end open streams: call it at SIGTERM, before the server waits for connections."""
    app.state.readiness.draining = True
    app.state.stopping.set()


def _stopping(lifespan: Lifespan | None) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        try:
            if lifespan is None:
                yield
            else:
                async with lifespan(app):
                    yield
        finally:
            begin_shutdown(app)

    return run


def _flat(routers: Sequence[APIRouter]) -> list[BaseRoute]:
    # Routes are copied one by one: an included router is matched twice per request and hides its path.
    taken = [route for router in routers for route in router.routes]
    for route in taken:
        if not isinstance(route, StrictRoute | Mount) and (
            isinstance(route, APIRoute) or not isinstance(route, Route)
        ):
            raise TypeError(f"{route!r} is not a strict route: make routers with api_router and do not nest them")
    return taken


def _service_routes(prefix: str) -> list[BaseRoute]:
    paths: Mapping[str, Callable[[Request], object]] = {
        "/livez": _livez,
        "/readyz": _readyz,
        "/metrics": _metrics,
        "/openapi.json": _openapi,
    }
    probes = [Route(prefix + path, endpoint, include_in_schema=False) for path, endpoint in paths.items()]
    return [*probes, *docs_routes(prefix)]


def _document(app: FastAPI) -> dict[str, object]:
    # Imported and made when it is asked for: no process starts later for it.
    from libs.common.platform.http.openapi.document import service_openapi

    return service_openapi(app)


async def _livez(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _readyz(request: Request) -> Response:
    failures = await request.app.state.readiness.failures()
    if failures:
        problem = Problem(503, "not_ready", headers={"Retry-After": "2"}, extra={"checks": failures})
        return problem_response(request, problem)
    return JSONResponse({"status": "ready"})


async def _metrics(request: Request) -> Response:
    return Response(render(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


async def _openapi(request: Request) -> Response:
    # A second of computing: other requests are answered meanwhile.
    return JSONResponse(await asyncio.to_thread(request.app.openapi))
