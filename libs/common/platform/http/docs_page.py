"""The page that shows an OpenAPI document: files of our own origin, so that it works without internet."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from libs.common.platform.http.problems import Problem

PAGE = Path(__file__).parent / "page"
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "start.js": "text/javascript",
}
#: The page runs our own files alone; Swagger UI writes styles into its elements and draws with images in its CSS.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KEPT = "public, max-age=3600"


def docs_routes(prefix: str) -> list[Route]:
    """Return the routes of the page that shows `{prefix}/openapi.json`."""
    return [
        Route(f"{prefix}/docs", _page, include_in_schema=False),
        Route(f"{prefix}/docs/{{file}}", _file, include_in_schema=False),
    ]


async def _page(_: Request) -> Response:
    return FileResponse(PAGE / "page.html", headers={"Content-Security-Policy": POLICY})


async def _file(request: Request) -> Response:
    name = request.path_params["file"]
    if name not in _FILES:
        raise Problem(404, "not_found")
    return FileResponse(PAGE / name, media_type=_FILES[name], headers={"Cache-Control": _KEPT})
