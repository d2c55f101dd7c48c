"""The business clock: due times, timers, calendars and event times.

Technical time (leases, tokens, signatures, time-outs) never comes from here.
"""

from libs.common.platform.clock.business import Clock, ManualClock, SystemClock
from libs.common.platform.clock.shared import SharedClock

__all__ = ["Clock", "ManualClock", "SharedClock", "SystemClock"]
