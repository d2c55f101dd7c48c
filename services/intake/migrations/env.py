"""The alembic environment of intake."""

from libs.common.platform.db.migrations import run_env
from services.intake.schema import metadata

run_env(metadata)
