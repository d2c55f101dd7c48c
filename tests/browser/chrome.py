"""A headless Chromium with a profile of its own that reaches this machine alone, driven over its DevTools port."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.devtools import DevTools, devtools
from tests.browser.page import Page
from tests.support.patience import PATIENCE

HERE = "127.0.0.1"
# Every other name is this machine as well, so that a page may be `http://shop.example`; no address outside is met.
NAMES = f"MAP * {HERE}, EXCLUDE localhost"
SWITCHES = (
    "--headless",
    "--remote-debugging-port=0",
    "--disable-dev-shm-usage",  # containers have 64 MB of it
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    f"--host-resolver-rules={NAMES}",
)
NO_SANDBOX = "--no-sandbox"  # root has none


@dataclass(frozen=True, slots=True)
class Chrome:
    """A running browser."""

    tools: DevTools

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """Open an empty page for the block, as a visitor who was never here: no cookie and no cache of others."""
        context = (await self.tools.call("Target.createBrowserContext"))["browserContextId"]
        made = await self.tools.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.tools.call("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        try:
            yield await Page.listening(self.tools, attached["sessionId"])
        finally:
            await self.tools.call("Target.disposeBrowserContext", browserContextId=context)


@asynccontextmanager
async def chrome(program: str, folder: Path) -> AsyncIterator[Chrome]:
    """Run a browser for the block; its profile and its log are in `folder`."""
    profile = folder / "profile"
    switches = [*SWITCHES, f"--user-data-dir={profile}", *([NO_SANDBOX] if os.geteuid() == 0 else [])]
    with (folder / "chrome.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, *switches, "about:blank", stdout=log, stderr=log, start_new_session=True
        )
    try:
        async with devtools(await _address(process, profile)) as tools:
            yield Chrome(tools)
    finally:
        # Debian's command is a script that starts the browser: both are of the session that we have begun.
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _address(process: asyncio.subprocess.Process, profile: Path) -> str:
    """Wait until the browser has written the port of its DevTools, and return their address."""
    written = profile / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE):
        while not (written.exists() and len(lines := written.read_text().split()) == 2):
            if process.returncode is not None:
                raise RuntimeError(f"the browser has ended: {(profile.parent / 'chrome.log').read_text()}")
            await asyncio.sleep(0.02)
    port, path = lines
    return f"ws://{HERE}:{port}{path}"
