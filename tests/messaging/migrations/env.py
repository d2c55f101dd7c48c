"""The messaging tables alone, as a service without anything of its own would have them."""

from sqlalchemy import MetaData

from libs.common.platform.db.migrations import run_env

run_env(MetaData())
