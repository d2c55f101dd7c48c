"""A stand-in for Wazzup24 API v3: a real HTTP server that behaves like it, by default with many faults.

`python -m deploy.standins.wazzup --port 8900 --webhook-url http://…` runs it alone, `running()` in
a test's own process. Its journal, which the checkers read, lists the messages that it accepted.
"""

from deploy.standins.wazzup.accounts import Account, Channel
from deploy.standins.wazzup.faults import KIND, NASTY, Failure, Profile
from deploy.standins.wazzup.journal import Entry, Journal, Status
from deploy.standins.wazzup.server import running
from deploy.standins.wazzup.standin import Standin

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
