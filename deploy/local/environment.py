"""What a service of the stack finds in its environment: the stack's own settings, and few of the caller's."""

import os
from collections.abc import Iterator

from libs.common.db.roles import SERVICES
from libs.common.settings import ServiceSettings
from libs.common.settings.source import is_shared

# What a person may choose for all services of the stack at once; every other setting is the stack's to give.
_CHOSEN = ("LOG_LEVEL", "OTLP_ENDPOINT", "TOPIC_PREFIX")


def chosen() -> dict[str, str]:
    """Return the settings that the caller of `make run` has set."""
    return {name: value for name in _CHOSEN if (value := os.environ.get(name))}


def inherited() -> dict[str, str]:
    """Return the caller's environment without anything that a service would take for a setting of its own."""
    prefixes = tuple(f"{service.upper()}_" for service in SERVICES)
    shared = set(_shared_keys())
    return {
        name: value for name, value in os.environ.items() if name not in shared and not name.startswith(prefixes)
    }


def _shared_keys() -> Iterator[str]:
    for name, field in ServiceSettings.model_fields.items():
        if is_shared(field):
            yield name.upper()
            yield f"{name.upper()}_FILE"
