"""A stand-in for Wazzup24 API v3: a real HTTP server that behaves like it, and by default is nasty.

`python -m libs.common.testing.wazzup --port 8900 --webhook-url http://…` runs it alone, `running()` in
a test's own process. What it accepted stands in its journal, which the checkers read.
"""

from libs.common.testing.wazzup.accounts import Account, Channel
from libs.common.testing.wazzup.faults import KIND, NASTY, Failure, Profile
from libs.common.testing.wazzup.journal import Entry, Journal, Status
from libs.common.testing.wazzup.server import running
from libs.common.testing.wazzup.standin import Standin

__all__ = [
    "KIND",
    "NASTY",
    "Account",
    "Channel",
    "Entry",
    "Failure",
    "Journal",
    "Profile",
    "Standin",
    "Status",
    "running",
]
