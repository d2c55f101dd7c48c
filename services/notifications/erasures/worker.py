"""The loop that destroys keys of names in time."""

from functools import partial

from libs.common.platform.core import Core
from libs.common.platform.worker import Loop, periodic
from services.notifications.erasures.store import destroy_keys

INTERVAL = 3600.0  # seconds


def forgetting_loop(core: Core) -> Loop:
    """Return the worker's loop."""
    return periodic("forgotten keys", INTERVAL, partial(destroy_keys, core))
