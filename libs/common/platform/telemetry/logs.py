"""Logs: one JSON line per event, of structlog and the standard library alike, masked as the last step.

Every line carries `service`, and, while a piece of work runs, `trace_id`, `span_id` and what was bound to
it (`request_id`, `lead_id`). Allow-list what you log: never bodies, never rows.
"""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

import orjson

from libs.common.platform.lean import without
from libs.common.platform.telemetry.context import current_trace, log_fields
from libs.common.platform.telemetry.masking import MASK, mask_fields

with without("rich"):  # 6 MB, for tracebacks in colours; it comes with the command line
    import structlog
    from structlog.types import EventDict, FilteringBoundLogger

_RECORD_KEYS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
_QUIET = ("asyncio", "aiokafka", "httpx", "httpcore", "urllib3", "alembic.runtime.plugins")


class _Output:
    """The output of log lines; replaced when logging is configured again, also for existing loggers."""

    def __init__(self) -> None:
        self.service = "dozvon"
        self.stream: TextIO = sys.stdout

    def write(self, line: str) -> None:
        """Write one line at once, so that lines of threads do not mix."""
        self.stream.write(line + "\n")
        self.stream.flush()

    debug = info = warning = error = critical = exception = fatal = log = msg = write


_output = _Output()


def configure_logging(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all logs of the process to `stream` (default: standard output) as JSON lines; may be called again."""
    _output.service, _output.stream = service, stream or sys.stdout
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[structlog.processors.add_log_level, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _output,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_Forward())
    handler.setFormatter(_JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    _tame_libraries(number)
    sys.excepthook = _log_uncaught


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a module: `log.info("lead stored", lead_id=str(lead_id))`."""
    logger: FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def json_line(level: str, event: str, fields: Mapping[str, object]) -> str:
    """Return one finished line; `fields` must be masked or closed values of our own."""
    line: dict[str, object] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "service": _output.service,
        "event": event,
        **log_fields(),
    }
    if (trace := current_trace()) is not None:
        line["trace_id"], line["span_id"] = trace.trace_id, trace.span_id
    line.update(fields)
    return orjson.dumps(line, default=lambda _: MASK, option=orjson.OPT_NON_STR_KEYS).decode()


def write_line(level: str, event: str, fields: Mapping[str, object]) -> None:
    """Write a line whose fields are closed values of our own (the access log): nothing to mask or filter."""
    _output.write(json_line(level, event, fields))


def _render(_logger: object, _method: str, event: EventDict) -> str:
    fields = dict(event)
    level, text = str(fields.pop("level", "info")), str(fields.pop("event", ""))
    exc_info = fields.pop("exc_info", None)
    if exc_info:
        fields["exception"] = _exception_text(exc_info)
    return _masked_line(level, text, fields)


def _masked_line(level: str, text: str, fields: Mapping[str, object]) -> str:
    masked = mask_fields({"event": text, **fields})
    event = str(masked.pop("event"))
    try:
        return json_line(level, event, masked)
    except TypeError:
        # A lone surrogate cannot be UTF-8; it becomes a question mark, so that the line is not lost.
        return json_line(level, _utf8(event), {_utf8(key): _utf8(repr(value)) for key, value in masked.items()})


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _exception_text(exc_info: object) -> str:
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    if not isinstance(exc_info, tuple):
        exc_info = sys.exc_info()
    error = exc_info[1]
    if not isinstance(error, BaseException):
        return ""
    return _formatter.formatException((type(error), error, error.__traceback__))


class _JsonFormatter(logging.Formatter):
    """Make the same line of a record of the standard library, `extra` and exception included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the masked JSON line."""
        fields = {key: value for key, value in record.__dict__.items() if key not in _RECORD_KEYS}
        fields["module"] = record.name
        if record.exc_info:
            fields["exception"] = _exception_text(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return _masked_line(record.levelname.lower(), _message(record), fields)


class _Forward:
    """A stream for the standard library's handler that always writes to the present output."""

    def write(self, text: str) -> None:
        _output.stream.write(text)

    def flush(self) -> None:
        _output.stream.flush()


_formatter = logging.Formatter()


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} (arguments do not fit)"


def _tame_libraries(level: int) -> None:
    # uvicorn writes by handlers of its own and an access line per request; ours has the trace.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
        logger.setLevel(logging.CRITICAL if name == "uvicorn.access" else level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("uncaught").critical("uncaught exception", exc_info=(kind, error, trace))
