"""One-shot of a deployment: roles, schemas and topics. Repeated without harm (`python -m deploy.setup`)."""

import asyncio
import sys
import time
from collections.abc import Mapping

import asyncpg
from pydantic import SecretStr

from libs.common.messaging.bus.ports import BusError
from libs.common.messaging.bus.topics import PARTITIONS, ensure_topics
from libs.common.platform.db.roles import SERVICES, ensure_roles
from libs.common.platform.settings import ServiceSettings, SettingsError

PATIENCE_SECONDS = 60.0  # a server may answer its port before it serves
_NOT_YET = (OSError, TimeoutError, BusError, asyncpg.CannotConnectNowError)


class SetupSettings(ServiceSettings):
    """The administrator's URL, and the password that each service's role gets."""

    intake_db_password: SecretStr
    tasks_db_password: SecretStr
    assignment_db_password: SecretStr
    notifications_db_password: SecretStr

    def passwords(self) -> dict[str, str]:
        """Return the passwords by service."""
        secrets: Mapping[str, SecretStr] = {name: getattr(self, f"{name}_db_password") for name in SERVICES}
        return {name: secret.get_secret_value() for name, secret in secrets.items()}


async def set_up(
    admin_url: str,
    bootstrap: str,
    passwords: Mapping[str, str],
    prefix: str = "dozvon",
    partitions: int = PARTITIONS,
) -> None:
    """Make roles, schemas and topics. Raises OSError, PostgresError or BusError when a server refuses."""
    await ensure_roles(admin_url, passwords)
    await ensure_topics(bootstrap, prefix, partitions)


async def _patiently(settings: SetupSettings) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await set_up(
                settings.postgres_dsn,
                settings.kafka_bootstrap,
                settings.passwords(),
                settings.topic_prefix,
                settings.topic_partitions,
            )
        except _NOT_YET:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(1)


def main() -> int:
    """Set up, waiting up to a minute for the servers; return 0, or 1 after one line that says what is wrong."""
    try:
        asyncio.run(_patiently(SetupSettings.load()))
    except (SettingsError, asyncpg.PostgresError, *_NOT_YET) as error:
        print(f"setup: {error or type(error).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
