"""Settings of a service: one frozen model, read from the environment once, unknown keys refused."""

from libs.common.platform.settings.base import ServiceSettings
from libs.common.platform.settings.source import SHARED, SettingsError
from libs.common.platform.settings.table import settings_table

__all__ = ["SHARED", "ServiceSettings", "SettingsError", "settings_table"]
