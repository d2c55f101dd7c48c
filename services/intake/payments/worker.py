"""The loop that books as payments what sources say was paid."""

from functools import partial

from libs.common.platform.worker import Loop, Watch, repeated
from services.intake.context import Context
from services.intake.payments.actions import book_payments


def booking_loop(ctx: Context, watch: Watch) -> Loop:
    """Book again and again; webhooks note the sum with the order, and are answered without waiting for it."""
    return repeated("booking", partial(book_payments, ctx), watch)
