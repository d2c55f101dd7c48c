"""What a route's own shape says about its requests and answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.routing import APIRoute

from libs.common.platform.auth.dependencies import Require
from libs.common.platform.auth.principal import Role, Scope
from libs.common.platform.configuration import Configuration
from libs.common.platform.http.deps import language
from libs.common.platform.http.etag import required_version
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.paging import asked_page
from libs.common.platform.http.routes import parts_of

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Shape:
    """One route: who may call it, and which of the API's conventions it follows."""

    grants: Mapping[Role, Scope] | None
    takes_body: bool
    takes_version: bool
    takes_key: bool
    has_pages: bool
    has_path: bool
    in_language: bool
    sets_etag: bool
    sets_location: bool
    is_read: bool


def shape_of(route: APIRoute) -> Shape:
    """Return the shape of a route."""
    parts = list(parts_of(route.dependant))
    calls = [part.call for part in parts]
    require = next((call for call in calls if isinstance(call, Require)), None)
    sets_headers = route.dependant.response_param_name is not None
    return Shape(
        grants=dict(require.grants) if require else None,
        takes_body=route.body_field is not None or "requestBody" in (route.openapi_extra or {}),
        takes_version=required_version in calls,
        takes_key=isinstance(route, IdempotentRoute) and "POST" in (route.methods or ()),
        has_pages=asked_page in calls,
        has_path=any(part.path_params for part in parts),
        in_language=language in calls,
        sets_etag=sets_headers and _has_version(route.response_model),
        sets_location=route.status_code == 303 or (sets_headers and route.status_code in {201, 202}),
        is_read="GET" in (route.methods or ()),
    )


def _has_version(model: object) -> bool:
    """Return whether answers are versioned: a `version` that has a description of its own is another one."""
    if isinstance(model, type) and issubclass(model, Configuration):
        return True  # its tag is a digest
    version = getattr(model, "model_fields", {}).get("version")
    return version is not None and version.description is None
