"""`python -m deploy.demo keys|token|desk …`: what compose's profile `demo` runs."""

import argparse
import asyncio
import sys
from pathlib import Path

import httpx

from deploy.demo.desk import Seeder
from libs.common.testkit.issuer import TokenIssuer


def main(argv: list[str]) -> int:
    """Run one of the three commands."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("keys", "token", "desk"):
        commands.add_parser(name).add_argument("folder", type=Path, help="where the issuer's key is kept")
    token = commands.choices["token"]
    token.add_argument("--sub", default="maria")
    token.add_argument("--roles", default="operator")
    token.add_argument("--desks", default="demo")
    desk = commands.choices["desk"]
    desk.add_argument("origin")
    desk.add_argument("public_url", help="where landing pages reach the origin")
    args = parser.parse_args(argv)
    issuer = TokenIssuer.in_folder(args.folder)
    if args.command == "token":
        print(issuer.token(args.sub, args.roles.split(","), args.desks.split(",")))
    if args.command == "desk":
        asyncio.run(_seed(args.origin, args.public_url, issuer, args.folder))
    return 0


async def _seed(origin: str, public_url: str, issuer: TokenIssuer, folder: Path) -> None:
    async with httpx.AsyncClient(base_url=origin, timeout=30) as client:
        desk = await Seeder(client, issuer, folder / "demo.json", public_url).seed()
    print(desk.as_json())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
