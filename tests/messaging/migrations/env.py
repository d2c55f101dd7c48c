"""The messaging tables alone, as of a service without tables of its own."""

from sqlalchemy import MetaData

from libs.common.platform.db.migrations import run_env

run_env(MetaData())
