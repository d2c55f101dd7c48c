"""`python -m deploy.standins.wazzup`: the stand-in as a process of its own."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY, Account, Channel
from deploy.standins.wazzup.faults import PROFILES
from deploy.standins.wazzup.journal import Journal
from deploy.standins.wazzup.server import bound, server
from deploy.standins.wazzup.standin import Standin


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="wazzup", description="A stand-in for Wazzup24 API v3")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--webhook-url", help="where webhooks of every --account go until PATCH /v3/webhooks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="nasty")
    parser.add_argument("--journal", type=Path, help="append-only file of what was accepted")
    parser.add_argument(
        "--account", action="append", metavar="KEY=CHANNEL[,CHANNEL]", help=f"default {DEMO_KEY}={DEMO_CHANNEL}"
    )
    return parser.parse_args(argv)


def _account(text: str, webhook_url: str | None) -> Account:
    key, _, channels = text.partition("=")
    return Account(key, [Channel(item) for item in channels.split(",") if item], webhooks_uri=webhook_url)


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    options = _arguments(argv)
    accounts = [_account(text, options.webhook_url) for text in options.account or [f"{DEMO_KEY}={DEMO_CHANNEL}"]]
    asyncio.run(_serve(options, accounts))
    return 0


async def _serve(options: argparse.Namespace, accounts: Sequence[Account]) -> None:
    standin = Standin(accounts, PROFILES[options.profile], options.seed, Journal(options.journal))
    await server(standin).serve(sockets=[bound(options.port, options.host)])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
