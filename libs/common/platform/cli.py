"""`dozvon dead-letters list|show|retry|discard --service <name>`: events that the worker could not apply.

`dozvon keys new` prints a key for stored secrets, `dozvon keys rotate --service <name>` seals all of them with
the first. Connects as the service does: `<SERVICE>_POSTGRES_URL` or `POSTGRES_URL`, and the password beside it.
"""

import argparse
import asyncio
import getpass
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import orjson

from libs.common.messaging.deadletters import store as deadletters
from libs.common.messaging.deadletters.store import DeadLetterState, NoSuchDeadLetterError, WrongStateError
from libs.common.platform.core import database_config
from libs.common.platform.db import Database
from libs.common.platform.sealing.keys import new_key
from libs.common.platform.settings import ServiceSettings, SettingsError
from libs.common.platform.settings.source import EnvironmentSource

SERVICES = ("intake", "tasks", "assignment", "notifications")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when done, 1 when it cannot be done (the reason goes to standard error)."""
    args = _parser().parse_args(argv)
    if args.group == "keys":
        return _keys(args)
    try:
        asyncio.run(_run(args))
    except NoSuchDeadLetterError:
        return _sorry(f"there is no parked event {args.id}")
    except WrongStateError as error:
        return _sorry(f"event {args.id}: {error}")
    except (SettingsError, OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return _sorry(str(error).strip().partition("\n")[0] or type(error).__name__)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dozvon", description=__doc__)
    groups = parser.add_subparsers(dest="group", required=True, metavar="dead-letters|keys")
    keys = groups.add_parser("keys").add_subparsers(dest="command", required=True)
    fresh = keys.add_parser("new", help="print a fresh key as a service takes it")
    fresh.add_argument("--id", default=f"{datetime.now(UTC):%Y-%m-%d}", help="its name; today's date by default")
    rotation = keys.add_parser("rotate", help="seal all stored secrets of a service with the first of its keys")
    rotation.add_argument("--service", choices=SERVICES, required=True)
    dead_letters = groups.add_parser("dead-letters")
    commands = dead_letters.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("list", help="open ones, or all of a state")
    listing.add_argument("--state", choices=[state.value for state in DeadLetterState], action="append")
    listing.add_argument("--key", help="such as lead:0190…")
    listing.add_argument("--limit", type=int, default=100)
    show = commands.add_parser("show", help="one with its payload, personal data masked")
    retry = commands.add_parser("retry", help="release one that failed or waits; those behind it follow")
    retry.add_argument("--data", type=Path, help="a JSON file with the fields to correct (merge patch, RFC 7396)")
    discard = commands.add_parser("discard", help="discard one; those behind it follow")
    discard.add_argument("--note", required=True, help="why")
    for command in (show, retry, discard):
        command.add_argument("id", type=int)
    for command in (listing, show, retry, discard):
        command.add_argument("--service", choices=SERVICES, required=True)
    return parser


def _keys(args: argparse.Namespace) -> int:
    if args.command == "new":
        print(new_key(args.id))
        return 0
    # The service's own command: it alone knows its tables, and this library knows no service.
    command = [sys.executable, "-m", f"services.{args.service}", "rotate-keys"]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module


async def _run(args: argparse.Namespace) -> None:
    db = await Database.connect(database_config(args.service, _settings(args.service)))
    try:
        match args.command:
            case "list":
                await _list(db, args)
            case "show":
                await _show(db, args.id)
            case "retry":
                await deadletters.retry_dead_letter(db, args.id, note=f"{_user()}: retry", patch=_patch(args.data))
                print(f"event {args.id} is released; the worker replays it")
            case "discard":
                await deadletters.discard_dead_letter(db, args.id, note=f"{_user()}: {args.note}")
                print(f"event {args.id} is discarded")
    finally:
        await db.close()


async def _list(db: Database, args: argparse.Namespace) -> None:
    states = [DeadLetterState(state) for state in args.state] if args.state else deadletters.OPEN
    dead_letters = await deadletters.list_dead_letters(db, states=states, key=args.key, limit=args.limit)
    for dead_letter in dead_letters:
        why = f"{dead_letter.error_type}: {dead_letter.error}" if dead_letter.error_type else ""
        print(
            f"{dead_letter.id}\t{dead_letter.state}\t{dead_letter.key}\t#{dead_letter.sequence}\t{dead_letter.type}\t{why}"
        )
    if not dead_letters:
        print("nothing is parked")


async def _show(db: Database, dead_letter_id: int) -> None:
    opened = await deadletters.show_dead_letter(db, dead_letter_id)
    shown = {**asdict(opened.dead_letter), "headers": dict(opened.headers), "data": opened.data}
    print(orjson.dumps(shown, default=str, option=orjson.OPT_INDENT_2).decode())


def _patch(path: Path | None) -> dict[str, object] | None:
    if path is None:
        return None
    patch = orjson.loads(path.read_bytes())
    if not isinstance(patch, dict):
        raise ValueError(f"{path} holds no JSON object")  # noqa: TRY004 - the file's fault, as broken JSON is
    return patch


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container the user id may have no name
        return f"user {os.getuid()}"


def _settings(service: str) -> ServiceSettings:
    prefix = f"{service.upper()}_"
    own = {key.removeprefix(prefix): value for key, value in os.environ.items() if key.startswith(prefix)}
    found = EnvironmentSource(ServiceSettings, {**os.environ, **own})()
    if "postgres_url" not in found:
        raise SettingsError(f"give {prefix}POSTGRES_URL or POSTGRES_URL")
    return ServiceSettings(**found)


def _sorry(text: str) -> int:
    sys.stderr.write(f"dozvon: {text}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
