"""Reads of schools' accounts."""

from uuid import UUID

from libs.common.platform.auth.principal import Principal
from services.intake.context import Context
from services.intake.errors import NotFoundError
from services.intake.schools import store
from services.intake.schools.rules import Check
from services.intake.schools.schemas import SchoolView
from services.intake.schools.webhooks import state_of


async def see_source(ctx: Context, caller: Principal, source_id: UUID) -> None:
    """Raises NotFoundError for a source that there is not, or of a desk that the caller may not see."""
    row = await ctx.core.db.pool.fetchrow(store.SOURCE, source_id)
    if row is None or not caller.may_see(row["desk"]):
        raise NotFoundError


async def get_school(ctx: Context, caller: Principal, source_id: UUID) -> SchoolView:
    """Return a source's account. Raises NotFoundError."""
    row = await ctx.core.db.pool.fetchrow(store.SCHOOL, source_id)
    if row is None or not caller.may_see(row["desk"]):
        raise NotFoundError
    said = {name: row[name] for name in SchoolView.model_fields if name in row}
    members = {
        "source_id": row["id"], "account": row["name"], "checked_at": Check.read(row["cursor"]).checked_at,
        "webhooks": await state_of(ctx, row),
    }  # fmt: skip
    return SchoolView.model_validate({**said, **members})
