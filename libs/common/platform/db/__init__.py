"""One service's database: its own role, schema, pools and transactions."""

from libs.common.platform.db.database import Connection, Database, DatabaseConfig, Transaction

__all__ = ["Connection", "Database", "DatabaseConfig", "Transaction"]
