"""The benchmark's desk, made through the public APIs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.bench.client import Target
from tests.support.stack import ProcessStack

DESK = "bench"
POOL = "bench"
OPERATORS = 10
CAPACITY = 1_000_000
NO_LIMIT = 100_000  # deliveries a second
PLAYBOOK = Path(__file__).with_name("playbook.yaml")
TITLE = {"ru": "Замер", "en": "Benchmark"}
TEMPLATE = "bench"
BODIES = {
    "ru": "{name}, ваш заказ принят, скоро перезвоним.",
    "en": "{name}, we have your order and call you soon.",
}
SECRET = "bench-source-secret-of-32-letters"


async def make_source(stack: ProcessStack) -> Target:
    """Make the source that all orders come through and return where to post them."""
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


async def make_desk(stack: ProcessStack, playbook: bytes) -> None:
    """Make the desk with its playbook, and operators with capacity for everything."""
    await post(stack, "/tasks/v1/desks", {"code": DESK, "title": TITLE, "zone": "Europe/Moscow"})
    made = await post(stack, "/tasks/v1/playbooks", playbook)
    await post(stack, "/tasks/v1/playbooks/bench/activate", {"desk": DESK, "version": made["version"]})
    await post(stack, "/assignment/v1/pools", {"desk": DESK, "code": POOL, "title": TITLE})
    for number in range(OPERATORS):
        operator = {"desk": DESK, "subject": f"bench-{number}", "name": f"Operator {number}", "capacity": CAPACITY}
        made = await post(stack, "/assignment/v1/operators", {**operator, "pools": [{"code": POOL}]})
        await post(stack, "/assignment/v1/check-in", {"operator_id": made["id"]})


async def make_channels(stack: ProcessStack, accounts: Mapping[str, str]) -> None:
    """Make the desk, an approved template, and a channel per account (API key → the provider's channel id)."""
    await post(stack, "/tasks/v1/desks", {"code": DESK, "title": TITLE, "zone": "Europe/Moscow"})
    made = await post(stack, "/notifications/v1/templates", {"desk": DESK, "code": TEMPLATE, "bodies": BODIES})
    path = f"/notifications/v1/templates/{TEMPLATE}/versions/{made['version']}/approve?desk={DESK}"
    await post(stack, path)
    for key, channel in accounts.items():
        body = {"desk": DESK, "code": key, "api_key": key, "provider_channel_id": channel, "rate_5s": 500}
        made = await post(stack, "/notifications/v1/channels", body)
        await post(stack, f"/notifications/v1/channels/{made['id']}/subscribe")


async def post(stack: ProcessStack, path: str, body: object = None) -> dict[str, str]:
    """Post as the administrator: JSON, or YAML as bytes. Raises RuntimeError with the problem when refused."""
    if isinstance(body, bytes):
        headers = {**stack.token(), "Content-Type": "application/yaml"}
        answer = await stack.client.post(path, content=body, headers=headers)
    else:
        answer = await stack.client.post(path, json=body, headers=stack.token())
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    made: dict[str, str] = answer.json()
    return made
