"""Alembic's environment of the assignment service."""

from libs.common.platform.db.migrations import run_env
from services.assignment.schema import metadata

run_env(metadata)
