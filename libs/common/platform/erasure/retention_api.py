"""How long a desk keeps what names persons, over HTTP: `/{service}/v1/retention`."""

from collections.abc import Mapping
from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Query, Request

from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Principal
from libs.common.platform.core import Core
from libs.common.platform.http.deps import Admin, Overseer
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Wire

READ = "SELECT kind, days FROM retention WHERE desk = $1"
WRITE = """
INSERT INTO retention AS r (desk, kind, days, walked, changed_by)
SELECT $1, kind, days, '{}', $4 FROM unnest($2::text[], $3::int[]) AS t(kind, days) ORDER BY kind
ON CONFLICT (desk, kind) DO UPDATE SET days = excluded.days, changed_by = excluded.changed_by
WHERE r.days IS DISTINCT FROM excluded.days
"""

R = TypeVar("R", bound=Wire)


def retention_router(service: str, model: type[R]) -> APIRouter:
    """Return the routes; the fields of `model` are the kinds of what the service keeps."""
    router = api_router(prefix=f"/{service}/v1/retention", tags=["erasures"], route_class=IdempotentRoute)

    async def read(request: Request, caller: Overseer, desk: Annotated[Code, Query()]) -> Wire:
        """Say for how many days a desk keeps what names persons; null: for good."""
        return await _read(request, caller, desk, model)

    async def write(request: Request, body: Wire, caller: Admin, desk: Annotated[Code, Query()]) -> Wire:
        """Say for how many days a desk keeps what names persons; what is older goes, and does not come back."""
        core = _core(request, caller, desk)
        given: Mapping[str, int | None] = body.model_dump()
        async with core.db.begin() as tx:
            await tx.conn.execute(WRITE, desk, list(given), list(given.values()), caller.sub)
            await tx.commit()
        return await _read(request, caller, desk, model)

    read.__annotations__["return"] = model
    write.__annotations__ |= {"body": model, "return": model}
    router.get("", operation_id=f"get_{service}_retention")(refuses("not_found")(read))
    router.put("", operation_id=f"set_{service}_retention")(refuses("not_found")(write))
    return router


def _core(request: Request, caller: Principal, desk: str) -> Core:
    if not caller.may_see(desk):
        raise Problem(404, "not_found")
    return cast("Core", request.app.state.ctx.core)


async def _read(request: Request, caller: Principal, desk: str, model: type[R]) -> R:
    rows = await _core(request, caller, desk).db.pool.fetch(READ, desk)
    known = {row["kind"]: row["days"] for row in rows if row["kind"] in model.model_fields}
    return model.model_validate(known)
