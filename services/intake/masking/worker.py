"""The loop that publishes what desks mask, of which the other services have not heard."""

from libs.common.platform.worker import Loop, periodic
from services.intake.context import Context
from services.intake.masking.actions import publish_masking

INTERVAL = 10.0  # seconds


def publishing_loop(ctx: Context) -> Loop:
    """Publish again and again: the release before may still run beside this one, and says nothing of it."""

    async def publish() -> None:
        await publish_masking(ctx)

    return periodic("masking", INTERVAL, publish)
