"""What a push service's answer, or the want of one, says of a push."""

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, backoff
from libs.common.connect.exchange import Lost, Reply

MAX_WAIT = 600.0  # seconds that a service may make us wait

_TAKEN = (200, 201, 202)
_GONE = (404, 410)
_LATER = (406, 429)  # 406: Windows
_OURS = (400, 401, 403)  # our key, its signature, our clock
_FAILED = 500


def read(reply: Reply, tries: int) -> Answer:
    """Return what a push service's answer says of one push; `tries`: how often it was called."""
    code, status = f"http_{reply.status}", reply.status
    if status in _TAKEN:
        return Accepted(reply.headers.get("location", "")[-300:])
    if status in _GONE:
        return Refused(Class.RECIPIENT, "subscription_gone")
    if status in _LATER:
        return Refused(Class.PAUSE, code, wait=_wait(reply, tries))
    if status in _OURS:
        return Refused(Class.CONFIGURATION, code)
    if status >= _FAILED:
        # It may have it: a repeat takes the first one's place, by its topic.
        return Refused(Class.PAUSE, code, wait=_wait(reply, tries))
    return Refused(Class.MESSAGE, code)


def lost(found: Lost, *, doubtful: bool) -> Answer:
    """Return what a missing answer says. A push is repeated once: what is not known then is left to the feed."""
    if doubtful and found.arrived:
        return Refused(Class.MESSAGE, found.code)
    return Unclear(found.code, found.arrived, found.detail)


def _wait(reply: Reply, tries: int) -> float:
    asked = reply.headers.get("retry-after", "")
    return min(float(asked), MAX_WAIT) if asked.isascii() and asked.isdecimal() else backoff(max(1, tries), 1.0)
