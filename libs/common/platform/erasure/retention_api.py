"""How long a desk keeps what names persons, over HTTP: `/{service}/v1/retention`."""

from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Query, Request

from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Principal
from libs.common.platform.core import Core
from libs.common.platform.erasure.kept import read_retention, write_retention
from libs.common.platform.http.deps import Admin, Overseer
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Wire

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
        async with core.db.begin() as tx:
            await write_retention(tx.conn, desk, body, caller.sub)
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
    async with _core(request, caller, desk).db.pool.acquire() as conn:
        return await read_retention(conn, desk, model)
