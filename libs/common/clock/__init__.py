"""The business clock: due times, timers, calendars and event times.

Technical time (leases, tokens, signatures, time-outs) never comes from here.
"""

from libs.common.clock.business import Clock, ManualClock, SystemClock
from libs.common.clock.shared import SharedClock

__all__ = ["Clock", "ManualClock", "SharedClock", "SystemClock"]
