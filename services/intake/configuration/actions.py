"""Use case: a desk's sources as one document, planned or applied (docs/adr/0016)."""

from collections.abc import Mapping, Sequence

from libs.common.platform import configuration
from libs.common.platform.configuration import BadConfigurationError, Call, PartChange
from libs.common.platform.db import Transaction
from libs.common.platform.erasure.kept import write_retention
from libs.common.platform.http.faults import pointer
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, NotKnownYetError
from services.intake.calling.store import write_calling
from services.intake.channels.queries import channels_of
from services.intake.configuration.convert import (
    SCHOOL,
    SOURCE,
    awaited,
    changes_of,
    misspelt,
    names_playbook,
    secret_faults,
)
from services.intake.configuration.queries import Found, read_desk
from services.intake.configuration.schemas import Awaited, IntakeConfigured, IntakePart, SourcePart
from services.intake.context import Context
from services.intake.errors import ChannelTakenError, ConfigRefusedError, UnknownPartnerError
from services.intake.masking.actions import write_masking
from services.intake.schools.actions import keep_school
from services.intake.schools.schemas import SchoolIn
from services.intake.schools.store import SOURCE_OF_DESK
from services.intake.sources.actions import add_source, replace_secret, update_source
from services.intake.sources.schemas import SourceIn, SourcePatch

_NO_SOURCE = Text("в отделе нет такого источника", "the desk has no such source")
# Two sources may change their channels for one another's.
RELEASE = "UPDATE source SET channel = NULL WHERE id = ANY($1::uuid[])"


async def configure(ctx: Context, call: Call, wanted: IntakePart) -> tuple[IntakeConfigured, Found]:
    """Apply a document, or say what applying it would do; return that, and what the desk has now.

    A retired source that it names is created anew, under its id, its webhook's address and its secret. Playbooks
    that intake has not heard of are listed by a plan. Applied, a source that is new to such a playbook is refused:
    a slip of the pen for an active one is a fault, any other name may be on its way. Raises BadConfigurationError
    with every fault, NotKnownYetError, StaleConfigurationError.
    """
    async with ctx.core.db.begin() as tx:
        await configuration.begin(tx, call.desk)
        before = now = await read_desk(tx, call.desk)
        configuration.check(call.plan, before.part, before.stamp)
        changes = changes_of(before, wanted, ctx.core.keys)
        waits_for = awaited(before, wanted)
        if call.plan is not None:
            _refuse_unknown(before, changes, waits_for)
            _refuse_channels(await channels_of(tx.conn, call.desk), before, wanted)
        made = await _apply(ctx, tx, call, before, wanted, changes)
        if call.plan is not None:
            now = await read_desk(tx, call.desk)
            await tx.commit()
    if call.plan is not None:
        await ctx.sources.refresh()
    done = IntakeConfigured(
        desk=call.desk,
        document=before.part,
        mode=call.mode,
        changes=tuple(changes),
        hooks=now.webhooks(),
        secrets={} if call.plan is None else made,
        waits_for=tuple(waits_for.values()),
    )
    return done, now


def _refuse_unknown(found: Found, changes: Sequence[PartChange], waits_for: Mapping[str, Awaited]) -> None:
    """Raises BadConfigurationError, NotKnownYetError."""
    fresh = {
        change.code: waits_for[change.code]
        for change in changes
        if names_playbook(change) and change.code in waits_for
    }
    if faults := misspelt(found, fresh):
        raise BadConfigurationError(faults)
    if fresh:
        raise NotKnownYetError([each.model_dump() for each in fresh.values()])


def _refuse_channels(known: Sequence[str], before: Found, wanted: IntakePart) -> None:
    """Raises NotKnownYetError for channels that sources begin to name and of which intake has not heard.

    A slip of the pen is the command's to find: the channels of the same document are not made when this is planned.
    """
    had = {code: source.view.channel for code, source in before.sources.items()}
    fresh = [
        {
            "pointer": pointer(["sources", code, "channel"]),
            "kind": "channel",
            "name": part.channel,
            "nearest": known,
        }
        for code, part in (wanted.sources or {}).items()
        if part.channel is not None and part.channel not in known and part.channel != had.get(code)
    ]
    if fresh:
        raise NotKnownYetError(fresh)


async def _apply(
    ctx: Context, tx: Transaction, call: Call, found: Found, wanted: IntakePart, changes: Sequence[PartChange]
) -> dict[str, str]:
    """Make the changes and return the secrets that were made. Raises BadConfigurationError with every fault."""
    made: dict[str, str] = {}
    faults = list(secret_faults(found, wanted))
    refused = {fault.pointer for fault in faults}
    await tx.conn.execute(
        RELEASE,
        [
            found.sources[each.code].row["id"]
            for each in changes
            if each.kind == SOURCE and each.code in found.sources
        ],
    )
    if wanted.calling is not None:
        await write_calling(tx.conn, call.desk, wanted.calling.calling())
    if wanted.masking is not None:
        await write_masking(tx, call.desk, wanted.masking, call.actor, ctx.core.clock.now(), call.cause)
    if wanted.retention is not None:
        await write_retention(tx.conn, call.desk, wanted.retention, call.actor)
    for change in changes:
        if change.kind != SOURCE or pointer(["sources", change.code, "secret"]) in refused:
            continue
        try:
            secret = await _make(ctx, tx, call, found, wanted, change)
        except (ConfigRefusedError, UnknownPartnerError, ChannelTakenError) as error:
            place = pointer(["sources", change.code])
            faults += [Fault(place + each.pointer, each.code, each.detail) for each in error.faults]
        else:
            made |= {} if secret is None else {change.code: secret}
    faults += [fault for change in changes if change.kind == SCHOOL
               for fault in await _school(ctx, tx, call, found, wanted, change)]  # fmt: skip
    if faults:
        raise BadConfigurationError(faults)
    return made


async def _school(
    ctx: Context, tx: Transaction, call: Call, found: Found, wanted: IntakePart, change: PartChange
) -> list[Fault]:
    """Keep the account of one school, or ask nothing of it any more; return what is wrong with it."""
    part, place = (wanted.schools or {}).get(change.code), pointer(["schools", change.code])
    source = await tx.conn.fetchrow(SOURCE_OF_DESK, call.desk, change.code)
    if source is None:
        return [Fault(place, "unknown_source", _NO_SOURCE)]
    kept, active = (found.schools[change.code].part(), False) if part is None else (part, True)
    try:
        account = SchoolIn(
            account=kept.account, api_key=kept.api_key, webhook_key=kept.webhook_key,
            check_minutes=kept.check_minutes, active=active,
        )  # fmt: skip
        await keep_school(ctx, tx, source, account, call.actor)
    except ConfigRefusedError as error:
        return [Fault(place + each.pointer, each.code, each.detail) for each in error.faults]
    return []


async def _make(
    ctx: Context, tx: Transaction, call: Call, found: Found, wanted: IntakePart, change: PartChange
) -> str | None:
    """Make one change and return the secret that was made for it."""
    part, stored = (wanted.sources or {}).get(change.code), found.sources.get(change.code)
    if part is None and stored is not None:
        await update_source(ctx, tx, stored.row, SourcePatch(active=False))
    elif part is not None and stored is not None:
        await update_source(ctx, tx, stored.row, part.patch())
        given = part.secret and part.secret.get_secret_value()
        if given and given != stored.secret(ctx.core.keys):
            await replace_secret(ctx, tx, stored.row, given)
    elif part is not None:
        return await _add(ctx, tx, call.desk, change.code, part)
    return None


async def _add(ctx: Context, tx: Transaction, desk: str, code: str, part: SourcePart) -> str | None:
    members = {name: getattr(part, name) for name in SourcePart.model_fields}
    _, secret = await add_source(ctx, tx, SourceIn.model_validate({"desk": desk, "code": code, **members}))
    return None if part.secret is not None else secret
