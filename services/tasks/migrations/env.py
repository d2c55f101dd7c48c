"""Alembic's environment of the tasks service."""

from libs.common.platform.db.migrations import run_env
from services.tasks.schema import metadata

run_env(metadata)
