"""Use cases: make, change and re-key a source."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from pydantic import SecretStr, ValidationError

from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.sealing.keeper import is_read_plain
from services.intake.calls.store import resume
from services.intake.context import Context
from services.intake.errors import (
    AlreadyExistsError,
    ConfigRefusedError,
    NoSecretError,
    NotFoundError,
    StaleVersionError,
    UnknownPartnerError,
)
from services.intake.formats.config import FormatConfig, SecretKind
from services.intake.formats.registry import CONFIGS
from services.intake.partners.store import find
from services.intake.sources.rules import Secret, rotated
from services.intake.sources.schemas import USUAL_GRACE, SourceIn, SourcePatch
from services.intake.sources.store import columns_of, config_of, secrets_of, stored

CREATE = """
INSERT INTO source (id, desk, code, key, format, config, auth, currency, field_map, status_map, response, secrets,
                    playbook, zone, language, region, test_prefixes, rate_per_second, body_limit, active, version,
                    created_at, updated_at, partner_id, repeat_seconds, origins, thanks_url)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, true, 1, $20, $20,
        $21, $22, $23, $24)
ON CONFLICT (desk, code) DO NOTHING
RETURNING id
"""
EXISTING = "SELECT id FROM source WHERE desk = $1 AND code = $2"

# A member that the caller left out is NULL here and stays unchanged.
CHANGE = """
UPDATE source
SET playbook = coalesce($2, playbook), zone = coalesce($3, zone), language = coalesce($4, language),
    region = coalesce($5, region), test_prefixes = coalesce($6, test_prefixes),
    rate_per_second = coalesce($7, rate_per_second), body_limit = coalesce($8, body_limit),
    active = coalesce($9, active), config = $10, auth = $11, currency = $12, field_map = $13, status_map = $14,
    response = $15, version = version + 1, updated_at = $16, partner_id = $17,
    repeat_seconds = coalesce($18, repeat_seconds), origins = coalesce($19, origins), thanks_url = $20
WHERE id = $1
"""
LOCK = "SELECT * FROM source WHERE id = $1 FOR UPDATE"
REKEY = "UPDATE source SET secrets = $2, version = version + 1, updated_at = $3 WHERE id = $1"


async def create_source(ctx: Context, new: SourceIn) -> tuple[UUID, str | None]:
    """Make a source and return its id and secret. Raises AlreadyExistsError, UnknownPartnerError."""
    async with ctx.core.db.begin() as tx:
        made = await add_source(ctx, tx, new)
        await tx.commit()
    await ctx.sources.refresh()
    return made


async def add_source(ctx: Context, tx: Transaction, new: SourceIn) -> tuple[UUID, str | None]:
    """Make a source in the caller's transaction; see `create_source`."""
    source_id, now = uuid7(), ctx.core.clock.now()
    kind = new.config.secret
    value = new.secret.get_secret_value() if new.secret else _secret(kind)
    kept = (Secret(str(uuid7()), value),) if value and kind is not SecretKind.NONE else ()
    document, columns = columns_of(new.config)
    entries = stored(source_id, kept, ctx.core.keys, plain=await is_read_plain(tx.conn))
    made = await tx.conn.fetchval(
        CREATE, source_id, new.desk, new.code, secrets.token_urlsafe(24), new.config.format, document,
        *columns.values(), entries, new.playbook, new.zone, new.language, new.region, new.test_prefixes,
        new.rate_per_second, new.body_limit, now, await _partner(tx, new.desk, new.partner),
        new.repeat_seconds, new.origins, new.thanks_url,
    )  # fmt: skip
    if made is None:
        raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.desk, new.code))
    return source_id, value if kept else None


async def change_source(ctx: Context, source_id: UUID, seen: int, patch: SourcePatch) -> None:
    """Change what the patch names; other processes know within two seconds.

    Raises StaleVersionError, ConfigRefusedError, UnknownPartnerError.
    """
    async with ctx.core.db.begin() as tx:
        row = await tx.conn.fetchrow(LOCK, source_id)
        if row is None or row["version"] != seen:
            raise StaleVersionError
        await update_source(ctx, tx, row, patch)
        await tx.commit()
    await ctx.sources.refresh()


async def update_source(ctx: Context, tx: Transaction, row: asyncpg.Record, patch: SourcePatch) -> None:
    """Change a source whose row the caller's transaction has locked; see `change_source`."""
    document, columns = columns_of(_changed(config_of(dict(row)), patch))
    named = "partner" in patch.model_fields_set
    partner_id = await _partner(tx, row["desk"], patch.partner) if named else row["partner_id"]
    thanks = patch.thanks_url if "thanks_url" in patch.model_fields_set else row["thanks_url"]
    await tx.conn.execute(
        CHANGE, row["id"], patch.playbook, patch.zone, patch.language, patch.region, patch.test_prefixes,
        patch.rate_per_second, patch.body_limit, patch.active, document, *columns.values(),
        ctx.core.clock.now(), partner_id, patch.repeat_seconds, patch.origins, thanks,
    )  # fmt: skip
    await resume(tx, row["id"])


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
        raise ConfigRefusedError([("config", "format")], ["read_only"])
    try:
        changed = CONFIGS.validate_python({**config.model_dump(), **patch.config})
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise ConfigRefusedError(
            [("config", *fault["loc"][1:]) for fault in found], [fault["type"] for fault in found]
        ) from None
    if changed.secret is not config.secret:
        raise ConfigRefusedError([("config", "auth")], ["read_only"])
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


def _next_secret(kind: SecretKind, given: SecretStr | None) -> str | None:
    if given is None:
        return _secret(kind)
    if kind is not SecretKind.GIVEN:
        raise ConfigRefusedError([("secret",)], ["made_by_us"])
    return given.get_secret_value()


def _secret(kind: SecretKind) -> str | None:
    match kind:
        case SecretKind.NONE | SecretKind.GIVEN:
            return None
        case SecretKind.TOKEN:
            return secrets.token_urlsafe(24)
        case SecretKind.SIGNATURE:
            return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
