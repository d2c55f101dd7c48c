"""Use cases: make, change and re-key a source."""

import base64
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.platform.ids import uuid7
from libs.common.platform.sealing.keeper import is_read_plain
from services.intake.context import Context
from services.intake.errors import AlreadyExistsError, NoSecretError, NotFoundError, StaleVersionError
from services.intake.sources.rules import Auth, Secret, rotated
from services.intake.sources.schemas import SourceIn, SourcePatch
from services.intake.sources.store import secrets_of, stored

CREATE = """
INSERT INTO source (id, desk, code, key, format, auth, secrets, playbook, zone, language, region, currency,
                    test_prefixes, field_map, status_map, rate_per_second, body_limit, response, active, version,
                    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, true, 1, $19, $19)
ON CONFLICT (desk, code) DO NOTHING
RETURNING id
"""
EXISTING = "SELECT id FROM source WHERE desk = $1 AND code = $2"

# A member that the caller left out is NULL here and stays unchanged.
CHANGE = """
UPDATE source
SET playbook = coalesce($3, playbook), zone = coalesce($4, zone), language = coalesce($5, language),
    region = coalesce($6, region), currency = coalesce($7, currency),
    test_prefixes = coalesce($8, test_prefixes), field_map = coalesce($9, field_map),
    status_map = coalesce($10, status_map), rate_per_second = coalesce($11, rate_per_second),
    body_limit = coalesce($12, body_limit), response = coalesce($13, response), active = coalesce($14, active),
    version = version + 1, updated_at = $15
WHERE id = $1 AND version = $2
RETURNING id
"""
LOCK = "SELECT auth, secrets FROM source WHERE id = $1 FOR UPDATE"
REKEY = "UPDATE source SET secrets = $2, version = version + 1, updated_at = $3 WHERE id = $1"


async def create_source(ctx: Context, new: SourceIn) -> tuple[UUID, str | None]:
    """Make a source and return its id and secret. Raises AlreadyExistsError."""
    source_id, now = uuid7(), ctx.core.clock.now()
    value = new.secret.get_secret_value() if new.secret else _secret(new.auth)
    kept = (Secret(str(uuid7()), value),) if value and new.auth is not Auth.NONE else ()
    async with ctx.core.db.begin() as tx:
        entries = stored(source_id, kept, ctx.core.keys, plain=await is_read_plain(tx.conn))
        made = await tx.conn.fetchval(
            CREATE, source_id, new.desk, new.code, secrets.token_urlsafe(24), new.format, new.auth,
            entries, new.playbook, new.zone, new.language, new.region, new.currency, new.test_prefixes,
            new.field_map, new.status_map, new.rate_per_second, new.body_limit, new.response, now,
        )  # fmt: skip
        if made is None:
            raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.desk, new.code))
        await tx.commit()
    await ctx.sources.refresh()
    return source_id, value if kept else None


async def change_source(ctx: Context, source_id: UUID, seen: int, patch: SourcePatch) -> None:
    """Change what the patch names; other processes know within two seconds. Raises StaleVersionError."""
    async with ctx.core.db.begin() as tx:
        changed = await tx.conn.fetchval(
            CHANGE, source_id, seen, patch.playbook, patch.zone, patch.language, patch.region, patch.currency,
            patch.test_prefixes, patch.field_map, patch.status_map, patch.rate_per_second, patch.body_limit,
            patch.response, patch.active, ctx.core.clock.now(),
        )  # fmt: skip
        if changed is None:
            raise StaleVersionError
        await tx.commit()
    await ctx.sources.refresh()


async def rotate_secret(ctx: Context, source_id: UUID, grace: timedelta) -> str:
    """Make a new secret and return it; those before it work for `grace` (technical time).

    Raises NotFoundError, NoSecretError.
    """
    async with ctx.core.db.begin() as tx:
        row = await tx.conn.fetchrow(LOCK, source_id)
        if row is None:
            raise NotFoundError
        value, now = _secret(Auth(row["auth"])), datetime.now(UTC)
        if value is None:
            raise NoSecretError
        known = secrets_of(source_id, row["secrets"], ctx.core.keys)
        kept = rotated(known, Secret(str(uuid7()), value), now, now + grace)
        entries = stored(source_id, kept, ctx.core.keys, plain=await is_read_plain(tx.conn))
        await tx.conn.execute(REKEY, source_id, entries, ctx.core.clock.now())
        await tx.commit()
    await ctx.sources.refresh()
    return value


def _secret(auth: Auth) -> str | None:
    match auth:
        case Auth.NONE:
            return None
        case Auth.TOKEN:
            return secrets.token_urlsafe(24)
        case Auth.SIGNATURE:
            return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
