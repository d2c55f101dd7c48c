"""The context of one piece of work: its trace, its service and the fields of every log line."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import MappingProxyType

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Trace:
    """A position in a trace (W3C Trace Context): 32 and 16 lower-case hex digits."""

    trace_id: str
    span_id: str
    sampled: bool = False

    @property
    def traceparent(self) -> str:
        """Return the header value of version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> "Trace":
        """Return a new span of the same trace."""
        return Trace(self.trace_id, os.urandom(8).hex(), self.sampled)


_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)
_fields: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default=_NOTHING)


def parse_traceparent(value: str | None) -> Trace | None:
    """Return the trace of a `traceparent` value, or None when it is absent or malformed."""
    match = _TRACEPARENT.fullmatch(value) if value else None
    if match is None:
        return None
    return Trace(match[1], match[2], bool(int(match[3], 16) & 1))


def new_trace(*, sampled: bool = False) -> Trace:
    """Start a trace of our own."""
    return Trace(os.urandom(16).hex(), os.urandom(8).hex(), sampled)


def current_trace() -> Trace | None:
    return _trace.get()


@contextmanager
def use_trace(trace: Trace) -> Iterator[Trace]:
    """Make `trace` the current one inside the block."""
    token = _trace.set(trace)
    try:
        yield trace
    finally:
        _trace.reset(token)


def enter(trace: Trace, **fields: str) -> tuple[Token[Trace | None], Token[Mapping[str, str]]]:
    """Begin a piece of work; pass the returned token to `leave` when it ends."""
    return _trace.set(trace), _fields.set({**_fields.get(), **fields})


def leave(tokens: tuple[Token[Trace | None], Token[Mapping[str, str]]]) -> None:
    """End a piece of work."""
    _trace.reset(tokens[0])
    _fields.reset(tokens[1])


def log_fields() -> Mapping[str, str]:
    """Return the fields that every log line of the running work carries."""
    return _fields.get()


def bind(**fields: str) -> None:
    """Add fields (`lead_id="…"`) to every later log line of the running work."""
    _fields.set({**_fields.get(), **fields})


@contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Add fields to the log lines inside the block alone."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)
