"""Alembic environment of notifications."""

from libs.common.platform.db.migrations import run_env
from services.notifications.schema import metadata

run_env(metadata)
