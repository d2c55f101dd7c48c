"""The benchmark's desk: of a file, or those parts of it that a measurement needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx

from deploy.demo.desk import put_to_work
from libs.common.deskfile.reading import read
from tests.bench.client import Target
from tests.support.stack import ProcessStack

DESK = "bench"
NO_LIMIT = 100_000  # deliveries a second
FILE = Path(__file__).with_name("desk.yaml")
PLAYBOOK = Path(__file__).with_name("playbook.yaml")
OPERATORS = 10  # of the file
TITLE = {"ru": "Замер", "en": "Benchmark"}
TEMPLATE = "bench"
BODIES = {
    "ru": "{name}, ваш заказ принят, скоро перезвоним.",
    "en": "{name}, we have your order and call you soon.",
}
SECRET = "bench-source-secret-of-32-letters"


async def make_source(stack: ProcessStack) -> Target:
    """Make a source where intake runs alone, and return where to post its orders."""
    body = {
        "desk": DESK,
        "code": "bench",
        "format": "landing",
        "auth": "token",
        "secret": SECRET,
        "playbook": "bench",
        "zone": "Europe/Moscow",
        "rate_per_second": NO_LIMIT,
    }
    made = await post(stack, "/intake/v1/sources", body)
    return Target(stack.ports["intake-api"], made["hook"], {"X-Source-Token": SECRET})


async def make_desk(stack: ProcessStack, playbook: str) -> Target:
    """Make the desk of the file by a playbook, its operators at work, and return where to post its orders."""
    async with stack.administrator() as client:
        outcome = await put_to_work(client, read(FILE, {"SECRET": SECRET, "PLAYBOOK": playbook}))
    webhook = str(outcome.said("intake", "hooks")["bench"])
    return Target(stack.ports["intake-api"], webhook, {"X-Source-Token": SECRET})


async def make_channels(stack: ProcessStack, accounts: Mapping[str, str]) -> None:
    """Make the desk, an approved template, and a channel per account (API key → the provider's channel id).

    By single calls, for intake and assignment, which a desk file would ask too, do not run here.
    """
    await post(stack, "/tasks/v1/desks", {"code": DESK, "title": TITLE, "zone": "Europe/Moscow"})
    made = await post(stack, "/notifications/v1/templates", {"desk": DESK, "code": TEMPLATE, "bodies": BODIES})
    path = f"/notifications/v1/templates/{TEMPLATE}/versions/{made['version']}/approve?desk={DESK}"
    await post(stack, path)
    for key, channel in accounts.items():
        body = {"desk": DESK, "code": key, "api_key": key, "provider_channel_id": channel, "rate_5s": 500}
        made = await post(stack, "/notifications/v1/channels", body)
        await post(stack, f"/notifications/v1/channels/{made['id']}/subscribe")


async def post(stack: ProcessStack, path: str, body: object = None) -> dict[str, str]:
    """Post as the administrator. Raises RuntimeError with the problem when refused."""
    answer = await stack.client.post(path, json=body, headers=stack.token())
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    made: dict[str, str] = answer.json()
    return made
