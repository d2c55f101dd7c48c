"""Whether a saved filter fits its list: the list exists, knows the parameters, and takes their values."""

from collections.abc import Iterable, Mapping, Sequence

from fastapi.dependencies.utils import request_params_to_args
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault
from libs.common.platform.http.routes import parts_of

_NOT_SAVED = ("cursor",)


def list_of(routes: Iterable[BaseRoute], name: str) -> APIRoute | None:
    """Return the route of a list by its operation id."""
    lists = (route for route in routes if isinstance(route, APIRoute) and "{" not in route.path)
    return next((route for route in lists if route.operation_id == name and name.startswith("list_")), None)


def faults_of(route: APIRoute, query: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Return every fault of a filter's query: parameters that the list does not know, and values it refuses."""
    fields = [field for part in parts_of(route.dependant) for field in part.query_params]
    known = sorted({field.alias for field in fields} - set(_NOT_SAVED))
    names = ", ".join(known)
    unknown = Text(f"такого параметра нет; есть: {names}", f"no such parameter; there are: {names}")
    faults = [Fault(f"/query/{name}", "unknown_parameter", unknown) for name in query if name not in known]
    given = QueryParams([(name, value) for name, values in query.items() for value in values])
    wanted = [field for field in fields if field.alias in query and field.alias in known]
    _, errors = request_params_to_args(wanted, given)
    faults += [Fault(f"/query/{error['loc'][1]}", str(error["type"]), str(error["msg"])) for error in errors]
    return faults
