"""One service's database: its own role, schema, pools and transactions."""

from libs.common.platform.db.database import PLANNED_ONCE, Connection, Database, DatabaseConfig, Transaction
from libs.common.platform.db.reading import Reading

__all__ = ["PLANNED_ONCE", "Connection", "Database", "DatabaseConfig", "Reading", "Transaction"]
