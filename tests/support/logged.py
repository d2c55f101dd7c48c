"""What is logged while a test runs."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from libs.common.platform.telemetry.logs import configure_logging


@contextmanager
def logged(service: str) -> Iterator[io.StringIO]:
    """Collect all log lines of a block, from the least important on, and put logging back as it was."""
    root, excepthook, before = logging.getLogger(), sys.excepthook, structlog.get_config()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    configure_logging(service, "DEBUG", stream)
    try:
        yield stream
    finally:
        configure_logging(service)
        root.handlers[:], sys.excepthook = handlers, excepthook
        root.setLevel(level)
        structlog.configure(**before)
