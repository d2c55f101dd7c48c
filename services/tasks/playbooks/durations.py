"""Durations and times of day as a playbook writes them: `20m`, `1h30m`, `2d`, `09:30`."""

import re
from datetime import time, timedelta

DURATION = r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s)?"
TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_DURATION = re.compile(DURATION, re.ASCII)
_TIME = re.compile(TIME, re.ASCII)


def parse_duration(text: str) -> timedelta | None:
    """Return the duration, or None when the text is not one."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def parse_time(text: str) -> time | None:
    """Return the time of day, or None when the text is not `HH:MM`."""
    match = _TIME.fullmatch(text)
    return time(int(match[1]), int(match[2])) if match else None
