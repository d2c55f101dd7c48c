"""Attempts as the sender sees them: claim, call the channel's provider outside any transaction, settle."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from libs.common.connect.command.rules import Answer, Class, Refused, answer_to
from libs.common.connect.command.store import Halted, Limits
from libs.common.connect.exchange import HttpRequest, Lost
from libs.common.connect.mail import Mail
from libs.common.platform.telemetry.logs import get_logger
from services.notifications.addresses.rules import window_open
from services.notifications.channels.convert import webhook_path
from services.notifications.consents.rules import Consent
from services.notifications.context import Context
from services.notifications.delivery.store import Claim, Result, claim, record
from services.notifications.ladders.rules import Stop
from services.notifications.providers.base import Adapter
from services.notifications.providers.values import Outbound
from services.notifications.sending.store import night_of
from services.notifications.templates.convert import parts_of

log = get_logger(__name__)


class Attempts:
    """The commands of notifications."""

    def __init__(self, ctx: Context) -> None:
        settings = ctx.settings
        self._ctx = ctx
        self._limits = Limits(settings.send_concurrency, settings.lease)
        self.timeout, self.lease, self.slots = settings.send_timeout, settings.send_lease, settings.send_concurrency
        self.due: asyncio.Event = ctx.due
        registry = ctx.core.metrics
        self.tries = Counter(
            "message_tries", "Calls to providers by verdict", ["provider", "verdict"], registry=registry
        )
        self._halts = Counter(
            "channel_halts", "Channels that a provider stopped", ["desk", "channel"], registry=registry
        )

    async def claim(self, busy: Mapping[UUID, int]) -> Sequence[Claim]:
        """Claim due attempts and commit."""
        core = self._ctx.core
        return await claim(core.db, busy, self._limits, self._ctx.settings.policies, core.clock.now())

    async def call(self, claimed: Claim) -> Answer:
        """Send once; errors are answers too."""
        row = claimed.details.row
        if not row["address"]:  # erased while an earlier call was under way: nothing of it can be asked any more
            return Refused(Class.MESSAGE, "erased")
        if row["withdrawn"] and not claimed.doubtful:
            return Refused(Class.MESSAGE, str(Stop.WITHDRAWN))
        refusal = Consent(row["closed"], row["listed"]).refusal(marketing=row["marketing"])
        if refusal is not None and not claimed.doubtful:
            return Refused(Class.MESSAGE, str(refusal))
        if (wait := self._until_morning(claimed)) > 0 and not claimed.doubtful:
            return Refused(Class.PAUSE, str(Stop.QUIET_HOURS), wait=wait)
        attributes = {"message.id": str(claimed.details.message_id), "messaging.system": claimed.policy.kind}
        with self._ctx.core.tracing.span(row["traceparent"], "send message", attributes, SpanKind.CLIENT) as span:
            try:
                adapter = self._ctx.adapters.of(claimed.queue_id, row)
            except ValueError as error:  # a missing key, a broken seal, a configuration of another release
                return Refused(Class.CONFIGURATION, "secret_unreadable", type(error).__name__)
            message = self._outbound(claimed, adapter)
            if row["unusable"] and not message.window_open:
                return Refused(Class.MESSAGE, "template_unusable", row["unusable"])
            request = _request(adapter, message)
            if isinstance(request, Refused):
                return request
            answered = await self._ctx.carry(request.traced(span.traceparent))
        return answer_to(answered) if isinstance(answered, Lost) else adapter.answer(answered, message)

    async def record(self, results: Sequence[Result]) -> None:
        """Write results with all that follows from them, and commit."""
        core = self._ctx.core
        self.alert(await record(core.db, results, core.clock.now()))

    def alert(self, halted: Sequence[Halted]) -> None:
        """Count and log channels that a person must look at."""
        for channel in halted:
            self._halts.labels(channel.desk, channel.code).inc()
            log.error("channel halted", desk=channel.desk, channel=channel.code, reason=channel.reason)

    def _until_morning(self, claimed: Claim) -> float:
        """Return for how many seconds it is night where the customer is: a retry may have come into it."""
        night, now = night_of(claimed.details.row), self._ctx.core.clock.now()
        return 0.0 if night is None else (night.opens(now) - now).total_seconds()

    def _outbound(self, claimed: Claim, adapter: Adapter) -> Outbound:
        row, settings = claimed.details.row, self._ctx.settings
        path = webhook_path(adapter.code, row["hook_key"])
        return Outbound(
            key=str(claimed.command_id),
            reference=row["reference"],
            address=row["address"],
            text=row["text"],
            template=parts_of(row["parts"]),
            window_open=window_open(row["heard_at"], adapter.limits.window, self._ctx.core.clock.now()),
            callback_url=None if settings.callbacks is None else f"{settings.callbacks}{path}",
            offered_at=row["offered_at"],
            unsubscribe_url=settings.unsubscribe(claimed.command_id) if row["marketing"] else None,
        )


def _request(adapter: Adapter, message: Outbound) -> HttpRequest | Mail | Refused:
    """Return the call; what cannot be written, for what it holds, is refused without a word of it."""
    try:
        return adapter.request(message)
    except ValueError:
        return Refused(Class.MESSAGE, "request_unwritable")
