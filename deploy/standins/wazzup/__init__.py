"""A stand-in for Wazzup24 API v3. Its journal, which the checkers read, lists the messages that it accepted."""

from deploy.standins.faults import KIND, NASTY, Failure, Profile
from deploy.standins.journal import Entry, Journal, Status
from deploy.standins.server import running
from deploy.standins.wazzup.accounts import Account, Channel
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
