"""The route of all that tasks keeps of a customer (P.7)."""

from uuid import UUID

from libs.common.platform.audit.shown import shows
from libs.common.platform.erasure.export import ExportedTable, exported
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Admin, Ctx
from services.tasks.erasures.export import EXPORTED, ids_of
from services.tasks.errors import NotFoundError

router = api_router("/tasks/v1/customers", tags=["erasures"])


@router.get("/{customer_id}/export", operation_id="export_tasks_customer")
@shows("customer:customer_id")
async def get_export(customer_id: UUID, ctx: Ctx, caller: Admin) -> list[ExportedTable]:
    """Return all that tasks keeps of a customer; intake knows them, and says under which id."""
    found = await exported(ctx.core.db, EXPORTED, await ids_of(ctx.core.db, customer_id), caller)
    if not any(table.rows for table in found):
        raise NotFoundError
    return found
