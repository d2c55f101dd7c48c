"""Every exception to its problem: one place, in the order domain table, framework, database."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match

from libs.common.platform.auth.jwks import KeysUnavailableError
from libs.common.platform.http.failures import database_problem, unavailable
from libs.common.platform.http.faults import validation_problem
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import (
    Problem,
    domain_problem,
    framework_problem,
    problem_response,
    request_language,
    style_of,
)


def to_problem(request: Request, error: Exception) -> Problem | None:
    """Return the problem that answers `error`, or None when it is a fault of ours (500)."""
    rule = style_of(request).rule_for(error)
    if rule is not None:
        return domain_problem(error, rule)
    if isinstance(error, HTTPException):
        problem = framework_problem(error)
        if problem.status_code == 405:
            problem.headers = {"Allow": _allowed(request)}
        return problem
    if isinstance(error, RequestValidationError):
        return validation_problem(error.errors(), request_language(request), error.body)
    if isinstance(error, ClientDisconnect):
        return Problem(400, "malformed_request", detail=Text("тело оборвалось", "the body ended early"))
    if isinstance(error, KeysUnavailableError):
        return unavailable()
    return database_problem(error)


async def answer_framework_error(request: Request, error: Exception) -> Response:
    """Answer what FastAPI would answer in its own shape (registered for its two error classes)."""
    return problem_response(request, to_problem(request, error) or Problem(500, "internal_error"))


def _allowed(request: Request) -> str:
    """Return the methods of all routes of the path: the framework names those of the first alone."""
    routes = [route for route in request.app.router.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in routes for method in getattr(route, "methods", None) or ()}))
