"""The folder's one upgrade: it costs a start of eight processes."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.upgrade.upgraded import Upgrade, upgraded


@pytest_asyncio.fixture(scope="package")
async def upgrade(
    postgres_url: str, kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Upgrade]:
    """The frozen release, upgraded, with every lead at its end."""
    async with upgraded(postgres_url, kafka_bootstrap, tmp_path_factory.mktemp("upgrade")) as done:
        yield done
