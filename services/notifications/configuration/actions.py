"""Use case: a desk's channels and templates as one document, planned or applied (docs/adr/0016)."""

from collections.abc import Sequence
from dataclasses import replace

from libs.common.platform import configuration
from libs.common.platform.configuration import Action, BadConfigurationError, Call, PartChange
from libs.common.platform.core import Core
from libs.common.platform.db import Transaction
from libs.common.platform.erasure.kept import write_retention
from libs.common.platform.http.faults import pointer
from libs.common.platform.versions import StaleVersionError
from services.notifications.channels.actions import LISTS, add_channel
from services.notifications.channels.schemas import CreateChannel
from services.notifications.channels.store import Changes, update
from services.notifications.configuration.convert import RETENTION, Configs, changes_of, checked, placeholders_of
from services.notifications.configuration.queries import Found, read_desk, take_turns
from services.notifications.configuration.schemas import ChannelPart, NotificationsConfigured, NotificationsPart
from services.notifications.erasures.schemas import NotificationsRetention
from services.notifications.errors import SenderTakenError
from services.notifications.sending.schemas import SendingPart
from services.notifications.sending.store import write_sending
from services.notifications.templates.store import put_in_use, retire_template


async def configure(core: Core, call: Call, wanted: NotificationsPart) -> tuple[NotificationsConfigured, Found]:
    """Apply a document, or say what applying it would do; return that, and what the desk has now.

    A retired channel or template that it names is created: a channel anew under its id, its address of callbacks
    and its provider, a template as a new version. Raises BadConfigurationError with every fault,
    StaleConfigurationError.
    """
    async with core.db.begin() as tx:
        await configuration.begin(tx, call.desk)
        await take_turns(tx, call.desk, wanted.templates or ())
        before = now = await read_desk(tx, call.desk, core.keys)
        configuration.check(call.plan, before.part, before.stamp)
        configs = checked(before, wanted)
        changes = changes_of(before, wanted, configs)
        await _apply(core, tx, call, before, wanted, configs, changes)
        if call.plan is not None:
            now = await read_desk(tx, call.desk, core.keys)
            await tx.commit()
    done = NotificationsConfigured(
        desk=call.desk,
        document=before.part,
        mode=call.mode,
        changes=tuple(changes),
        hooks=now.webhooks(),
        placeholders=placeholders_of(before, wanted),
    )
    return done, now


async def _apply(
    core: Core,
    tx: Transaction,
    call: Call,
    found: Found,
    wanted: NotificationsPart,
    configs: Configs,
    changes: Sequence[PartChange],
) -> None:
    # What ends comes first: a channel may get another code, and two never write from one number.
    for change in sorted(changes, key=lambda each: each.action is not Action.RETIRE):
        if change.kind == "template":
            await _template(core, tx, call, wanted, change)
        elif change.kind == "sending":
            await write_sending(tx.conn, call.desk, (wanted.sending or SendingPart()).sending())
        elif change.kind == RETENTION:
            await write_retention(tx.conn, call.desk, wanted.retention or NotificationsRetention(), call.actor)
        elif change.action is Action.RETIRE:
            await _retire_channel(core, tx, found, change.code)
        else:
            await _channel(core, tx, call, found, (wanted.channels or {})[change.code], configs, change.code)


async def _channel(
    core: Core, tx: Transaction, call: Call, found: Found, part: ChannelPart, configs: Configs, code: str
) -> None:
    """Make or change a channel; one that is changed sends again after a halt, as a person has looked at it."""
    stored = found.channels.get(code)
    try:
        if stored is None:
            new = CreateChannel(
                desk=call.desk,
                code=code,
                kind=part.kind,
                config=configs[code],
                rate_5s=part.rate_5s,
                **{name: getattr(part, name) for name in LISTS},
            )
            await add_channel(tx, core.keys, new, core.clock.now())
        else:
            lists = {name: said for name in LISTS if (said := getattr(part, name)) is not None}
            changes = Changes(part.rate_5s, active=True, lists=lists)
            if await update(tx, core.keys, configs[code], stored.id, stored.version, changes) is None:
                raise StaleVersionError
    except SenderTakenError as error:
        place = pointer(["channels", code, "config"])
        raise BadConfigurationError([replace(fault, pointer=place) for fault in error.faults]) from error


async def _retire_channel(core: Core, tx: Transaction, found: Found, code: str) -> None:
    stored = found.channels[code]
    if await update(tx, core.keys, stored.config, stored.id, stored.version, Changes(active=False)) is None:
        raise StaleVersionError


async def _template(core: Core, tx: Transaction, call: Call, wanted: NotificationsPart, change: PartChange) -> None:
    """Approve the texts of a document in the caller's name, or retire the template."""
    now, code = core.clock.now(), change.code
    if change.action is Action.RETIRE:
        await retire_template(tx, call.desk, code, call.actor, now, call.cause)
    else:
        wording = (wanted.templates or {})[code].wording()
        await put_in_use(tx, call.desk, code, wording, call.actor, now, call.cause)
