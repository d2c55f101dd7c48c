"""Use cases: make, change and re-key a source."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from pydantic import SecretStr, ValidationError

from libs.common.connect.poll.store import make_due
from libs.common.domain.slips import is_slip, nearest
from libs.common.platform.db import Transaction
from libs.common.platform.http.faults import faults_under
from libs.common.platform.ids import uuid7
from libs.common.platform.sealing.keeper import is_read_plain
from libs.common.platform.versions import StaleVersionError
from services.intake.calls.store import resume
from services.intake.channels.queries import channels_of
from services.intake.context import Context
from services.intake.errors import (
    AlreadyExistsError,
    ChannelTakenError,
    ConfigRefusedError,
    MisspeltError,
    NoSecretError,
    NotFoundError,
    UnknownPartnerError,
)
from services.intake.formats.config import FormatConfig, SecretKind
from services.intake.formats.registry import CONFIGS
from services.intake.partners.store import find
from services.intake.schools.store import webhooks_of
from services.intake.sources.rules import Secret, rotated
from services.intake.sources.schemas import USUAL_GRACE, SourceIn, SourcePatch
from services.intake.sources.store import columns_of, config_of, keep_terms, secrets_of, stored

CREATE = """
INSERT INTO source (id, desk, code, key, format, config, auth, currency, field_map, status_map, response, secrets,
                    playbook, zone, language, region, test_prefixes, rate_per_second, body_limit, active, version,
                    created_at, updated_at, partner_id, repeat_seconds, origins, thanks_url,
                    channel, consent, call_label, keeps_buyers)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, true, 1, $20, $20,
        $21, $22, $23, $24, $25, $26, $27, $28)
ON CONFLICT (desk, code) DO NOTHING
RETURNING id
"""
ACTIVE = "SELECT desk, code FROM active_playbook"
EXISTING = "SELECT id FROM source WHERE desk = $1 AND code = $2"

# A member that the caller left out is NULL here and stays unchanged.
CHANGE = """
UPDATE source
SET playbook = coalesce($2, playbook), zone = coalesce($3, zone), language = coalesce($4, language),
    region = coalesce($5, region), test_prefixes = coalesce($6, test_prefixes),
    rate_per_second = coalesce($7, rate_per_second), body_limit = coalesce($8, body_limit),
    active = coalesce($9, active), config = $10, auth = $11, currency = $12, field_map = $13, status_map = $14,
    response = $15, version = version + 1, updated_at = $16, partner_id = $17,
    repeat_seconds = coalesce($18, repeat_seconds), origins = coalesce($19, origins), thanks_url = $20,
    channel = $21, consent = $22, call_label = $23, keeps_buyers = coalesce($24, keeps_buyers)
WHERE id = $1
"""
ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
OF_CHANNEL = """
SELECT code FROM source WHERE desk = $1 AND channel = $2 AND active AND id IS DISTINCT FROM $3::uuid
"""
LOCK = "SELECT * FROM source WHERE id = $1 FOR UPDATE"
REKEY = "UPDATE source SET secrets = $2, version = version + 1, updated_at = $3 WHERE id = $1"


async def create_source(ctx: Context, new: SourceIn) -> tuple[UUID, str | None]:
    """Make a source and return its id and secret.

    Raises AlreadyExistsError, UnknownPartnerError, ChannelTakenError, MisspeltError.
    """
    async with ctx.core.db.begin() as tx:
        await _refuse_slip(tx, new.desk, new.playbook)
        await _refuse_unknown_channel(tx, new.desk, new.channel)
        made = await add_source(ctx, tx, new)
        await tx.commit()
    await ctx.sources.refresh()
    return made


async def _refuse_slip(tx: Transaction, desk: str, playbook: str) -> None:
    """Raises MisspeltError for a desk or a playbook whose name is a slip for one that intake has heard of."""
    known = [(row["desk"], row["code"]) for row in await tx.conn.fetch(ACTIVE)]
    desks, playbooks = {other for other, _ in known}, {code for other, code in known if other == desk}
    for member, name, names in (("desk", desk, desks), ("playbook", playbook, playbooks)):
        if name not in names and is_slip(name, names):
            raise MisspeltError(member, name, nearest(name, names))


async def _refuse_unknown_channel(tx: Transaction, desk: str, channel: str | None) -> None:
    """Raises MisspeltError for a channel of which intake has not heard: it does within seconds."""
    if channel is None:
        return
    known = await channels_of(tx.conn, desk)
    if channel not in known:
        raise MisspeltError("channel", channel, nearest(channel, known) or known)


async def add_source(ctx: Context, tx: Transaction, new: SourceIn) -> tuple[UUID, str | None]:
    """Make a source in the caller's transaction; see `create_source`."""
    source_id, now = uuid7(), ctx.core.clock.now()
    await _take_channel(tx, new.desk, new.channel, None)
    kind = new.config.secret
    value = new.secret.get_secret_value() if new.secret else _secret(kind)
    kept = (Secret(str(uuid7()), value),) if value and kind is not SecretKind.NONE else ()
    document, columns = columns_of(new.config)
    entries = stored(source_id, kept, ctx.core.keys, plain=await is_read_plain(tx.conn))
    made = await tx.conn.fetchval(
        CREATE, source_id, new.desk, new.code, secrets.token_urlsafe(24), new.config.format, document,
        *columns.values(), entries, new.playbook, new.zone, new.language, new.region, new.test_prefixes,
        new.rate_per_second, new.body_limit, now, await _partner(tx, new.desk, new.partner),
        new.repeat_seconds, new.origins, new.thanks_url, new.channel,
        new.consent.model_dump(mode="json") if new.consent else None, new.call_label, new.keeps_buyers,
    )  # fmt: skip
    if made is None:
        raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.desk, new.code))
    await keep_terms(tx, source_id, now)
    return source_id, value if kept else None


async def change_source(ctx: Context, source_id: UUID, seen: int, patch: SourcePatch) -> None:
    """Change what the patch names; other processes know within two seconds.

    Raises StaleVersionError, ConfigRefusedError, UnknownPartnerError, ChannelTakenError, MisspeltError.
    """
    async with ctx.core.db.begin() as tx:
        row = await tx.conn.fetchrow(LOCK, source_id)
        if row is None or row["version"] != seen:
            raise StaleVersionError
        if patch.playbook is not None:
            await _refuse_slip(tx, row["desk"], patch.playbook)
        if patch.channel != row["channel"]:
            await _refuse_unknown_channel(tx, row["desk"], patch.channel)
        await update_source(ctx, tx, row, patch)
        await tx.commit()
    await ctx.sources.refresh()


async def update_source(ctx: Context, tx: Transaction, row: asyncpg.Record, patch: SourcePatch) -> None:
    """Change a source whose row the caller's transaction has locked; see `change_source`."""
    document, columns = columns_of(_changed(config_of(dict(row)), patch))
    named = "partner" in patch.model_fields_set
    partner_id = await _partner(tx, row["desk"], patch.partner) if named else row["partner_id"]
    dumped = patch.model_dump(mode="json")
    thanks, channel, consent, label = (
        dumped[name] if name in patch.model_fields_set else row[name]
        for name in ("thanks_url", "channel", "consent", "call_label")
    )
    now = ctx.core.clock.now()
    if patch.active or (patch.active is None and row["active"]):
        await _take_channel(tx, row["desk"], channel, row["id"])
    await tx.conn.execute(
        CHANGE, row["id"], patch.playbook, patch.zone, patch.language, patch.region, patch.test_prefixes,
        patch.rate_per_second, patch.body_limit, patch.active, document, *columns.values(),
        now, partner_id, patch.repeat_seconds, patch.origins, thanks, channel, consent, label, patch.keeps_buyers,
    )  # fmt: skip
    await keep_terms(tx, row["id"], now)
    await resume(tx, row["id"])
    await make_due(tx, webhooks_of(row["id"]))


async def _take_channel(tx: Transaction, desk: str, channel: str | None, source_id: UUID | None) -> None:
    """Raises ChannelTakenError for a channel that another source of the desk names."""
    if channel is None:
        return
    await tx.conn.execute(ONE_BY_ONE, f"channel {desk} {channel}")
    if (code := await tx.conn.fetchval(OF_CHANNEL, desk, channel, source_id)) is not None:
        raise ChannelTakenError(channel, code)


async def _partner(tx: Transaction, desk: str, code: str | None) -> UUID | None:
    """Return the partner of a code. Raises UnknownPartnerError."""
    if code is None:
        return None
    found = await find(tx, desk, code)
    if found is None:
        raise UnknownPartnerError(code)
    return found


def _changed(config: FormatConfig, patch: SourcePatch) -> FormatConfig:
    """Return the configuration with the members that the patch names; format and kind of secret stay."""
    if patch.config is None:
        return config
    if patch.config.get("format", config.format) != config.format:
        raise ConfigRefusedError.of("/config/format", "read_only")
    wanted = {**config.model_dump(), **patch.config}
    try:
        changed = CONFIGS.validate_python(wanted)
    except ValidationError as error:
        raise ConfigRefusedError(faults_under(["config"], error, wanted)) from None
    if changed.secret is not config.secret:
        raise ConfigRefusedError.of("/config/auth", "read_only")
    return changed


async def rotate_secret(ctx: Context, source_id: UUID, grace: timedelta, given: SecretStr | None = None) -> str:
    """Make a new secret and return it, or take the given one; those before it work for `grace` (technical time).

    Raises NotFoundError, NoSecretError (none is needed, or the provider's is not given), ConfigRefusedError.
    """
    async with ctx.core.db.begin() as tx:
        row = await tx.conn.fetchrow(LOCK, source_id)
        if row is None:
            raise NotFoundError
        value = _next_secret(config_of(dict(row)).secret, given)
        if value is None:
            raise NoSecretError
        await replace_secret(ctx, tx, row, value, grace)
        await tx.commit()
    await ctx.sources.refresh()
    return value


async def replace_secret(
    ctx: Context, tx: Transaction, row: asyncpg.Record, value: str, grace: timedelta = USUAL_GRACE
) -> None:
    """Give a source whose row is locked another secret; those before it work for `grace` (technical time)."""
    source_id, now = row["id"], datetime.now(UTC)
    known = secrets_of(source_id, row["secrets"], ctx.core.keys)
    kept = rotated(known, Secret(str(uuid7()), value), now, now + grace)
    entries = stored(source_id, kept, ctx.core.keys, plain=await is_read_plain(tx.conn))
    await tx.conn.execute(REKEY, source_id, entries, ctx.core.clock.now())
    await resume(tx, source_id)
    await make_due(tx, webhooks_of(source_id))


def _next_secret(kind: SecretKind, given: SecretStr | None) -> str | None:
    if given is None:
        return _secret(kind)
    if kind is not SecretKind.GIVEN:
        raise ConfigRefusedError.of("/secret", "made_by_us")
    return given.get_secret_value()


def _secret(kind: SecretKind) -> str | None:
    match kind:
        case SecretKind.NONE | SecretKind.GIVEN:
            return None
        case SecretKind.TOKEN:
            return secrets.token_urlsafe(24)
        case SecretKind.SIGNATURE:
            return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
