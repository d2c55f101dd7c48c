"""The tables that services declare are those that the statements for their migrations make."""

from sqlalchemy import MetaData

from libs.common.connect.connection.tables import connection_table
from libs.common.connect.poll.tables import poll_table
from libs.common.platform.db import Database
from libs.common.platform.db.naming import NAMING
from libs.common.testkit.database import StackDatabase, empty_database
from libs.common.testkit.drift import catalogue, create_all


async def test_polls_and_connections_are_what_their_statements_make(
    postgres_url: str, errands_db: Database
) -> None:
    metadata = MetaData(naming_convention=NAMING)
    poll_table(metadata)
    connection_table(metadata)
    async with empty_database(postgres_url) as admin_url:
        url = StackDatabase(admin_url, {}).url("intake")
        await create_all(url, "intake", metadata)
        declared = await catalogue(url, "intake")
    assert set(declared) <= set(await catalogue(errands_db.config.url, "intake"))
