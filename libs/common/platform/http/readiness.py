"""Readiness: named checks, run concurrently, each with a time-out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from libs.common.platform.telemetry.logs import get_logger

Check = Callable[[], Awaitable[None]]

log = get_logger(__name__)


class Readiness:
    """The checks that must pass before traffic is accepted. A failed one raises; `timeout` is seconds for each."""

    def __init__(self, checks: Mapping[str, Check] | None = None, timeout: float = 2.0) -> None:
        self._checks = dict(checks or {})
        self._timeout = timeout
        self.draining = False

    def add(self, name: str, check: Check) -> None:
        """Add a check, for example once the pool is open."""
        self._checks[name] = check

    async def failures(self) -> dict[str, str]:
        """Return the failed checks with a reason without internals; empty when ready."""
        if self.draining:
            return {"draining": "shutting down"}
        results = await asyncio.gather(*map(self._run, self._checks.values()))
        return {name: result for name, result in zip(self._checks, results, strict=True) if result}

    async def _run(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                await check()
        except TimeoutError:
            return "timed out"
        except Exception as error:  # noqa: BLE001 - every error of a check means not ready
            log.warning("not ready", error=str(error), kind=type(error).__name__)
            return "failed"
        return None
