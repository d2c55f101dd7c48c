"""`dozvon`: what a person does from a terminal. `dozvon --help` lists it.

`dead-letters` and `keys` connect as the service does: `<SERVICE>_POSTGRES_URL` or `POSTGRES_URL`, and the password
beside it. `desk` and `source` speak to the services' APIs.
"""

import asyncio
import getpass
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import asyncpg
import orjson
import typer

from libs.common.connect.webpush import new_vapid_key
from libs.common.deskfile.command import app as desk
from libs.common.messaging.deadletters import store as deadletters
from libs.common.messaging.deadletters.store import DeadLetterState, NoSuchDeadLetterError, WrongStateError
from libs.common.platform.core import database_config
from libs.common.platform.db import Database
from libs.common.platform.sealing.keys import new_key
from libs.common.platform.settings import ServiceSettings, SettingsError
from libs.common.platform.settings.source import EnvironmentSource
from libs.common.rehearsal.command import app as source


class Service(StrEnum):
    """The services that have a database."""

    INTAKE = "intake"
    TASKS = "tasks"
    ASSIGNMENT = "assignment"
    NOTIFICATIONS = "notifications"


app = typer.Typer(help="What a person does from a terminal.", no_args_is_help=True, add_completion=False)
parked = typer.Typer(help="Events that a worker could not apply.", no_args_is_help=True)
keys = typer.Typer(help="Keys of stored secrets.", no_args_is_help=True)
app.add_typer(desk, name="desk")
app.add_typer(source, name="source")
app.add_typer(parked, name="dead-letters")
app.add_typer(keys, name="keys")

Whose = Annotated[Service, typer.Option(help="whose they are")]
Number = Annotated[int, typer.Argument(metavar="ID")]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when done, 1 when it cannot be (standard error says why), 2 for misuse."""
    try:
        app(None if argv is None else list(argv), prog_name="dozvon")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    return 0


@keys.command("new")
def new_command(
    name: Annotated[str | None, typer.Option("--id", help="its name; today's date by default")] = None,
) -> None:
    """Print a fresh key as a service takes it."""
    typer.echo(new_key(name or f"{datetime.now(UTC):%Y-%m-%d}"))


@keys.command("push")
def push_command() -> None:
    """Print a fresh key of pushes to browsers as notifications takes it (`VAPID_KEY`)."""
    typer.echo(new_vapid_key())


@keys.command("rotate")
def rotate_command(service: Whose) -> None:
    """Seal all stored secrets of a service with the first of its keys."""
    # The service's own command: it alone knows its tables, and this library knows no service.
    command = [sys.executable, "-m", f"services.{service}", "rotate-keys"]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own module


@parked.command("list")
def list_command(
    service: Whose,
    state: Annotated[
        list[DeadLetterState] | None, typer.Option(help="of these states; the open ones by default")
    ] = None,
    key: Annotated[str | None, typer.Option(help="such as lead:0190…")] = None,
    limit: int = 100,
) -> None:
    """List open ones, or all of a state."""
    _run(service, lambda db: _list(db, state or deadletters.OPEN, key, limit))


@parked.command("show")
def show_command(number: Number, service: Whose) -> None:
    """Show one with its payload, personal data masked."""
    _run(service, lambda db: _show(db, number), number)


@parked.command("retry")
def retry_command(
    number: Number,
    service: Whose,
    data: Annotated[
        Path | None, typer.Option(help="a JSON file with the fields to correct (merge patch, RFC 7396)")
    ] = None,
) -> None:
    """Release one that failed or waits; those behind it follow."""

    async def retry(db: Database) -> None:
        await deadletters.retry_dead_letter(db, number, note=f"{_user()}: retry", patch=_patch(data))
        typer.echo(f"event {number} is released; the worker replays it")

    _run(service, retry, number)


@parked.command("discard")
def discard_command(number: Number, service: Whose, note: Annotated[str, typer.Option(help="why")]) -> None:
    """Discard one; those behind it follow."""

    async def discard(db: Database) -> None:
        await deadletters.discard_dead_letter(db, number, note=f"{_user()}: {note}")
        typer.echo(f"event {number} is discarded")

    _run(service, discard, number)


def _run(service: Service, work: Callable[[Database], Awaitable[None]], number: int | None = None) -> None:
    """Do something in a service's database. Raises typer.Exit with the reason on standard error."""
    try:
        asyncio.run(_with_database(service, work))
    except NoSuchDeadLetterError:
        raise _sorry(f"there is no parked event {number}") from None
    except WrongStateError as error:
        raise _sorry(f"event {number}: {error}") from error
    except (SettingsError, OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _sorry(str(error).strip().partition("\n")[0] or type(error).__name__) from error


async def _with_database(service: Service, work: Callable[[Database], Awaitable[None]]) -> None:
    db = await Database.connect(database_config(service.value, _settings(service.value)))
    try:
        await work(db)
    finally:
        await db.close()


async def _list(db: Database, states: Sequence[DeadLetterState], key: str | None, limit: int) -> None:
    dead_letters = await deadletters.list_dead_letters(db, states=states, key=key, limit=limit)
    for dead_letter in dead_letters:
        why = f"{dead_letter.error_type}: {dead_letter.error}" if dead_letter.error_type else ""
        typer.echo(
            f"{dead_letter.id}\t{dead_letter.state}\t{dead_letter.key}\t#{dead_letter.sequence}\t{dead_letter.type}\t{why}"
        )
    if not dead_letters:
        typer.echo("nothing is parked")


async def _show(db: Database, dead_letter_id: int) -> None:
    opened = await deadletters.show_dead_letter(db, dead_letter_id)
    shown = {**asdict(opened.dead_letter), "headers": dict(opened.headers), "data": opened.data}
    typer.echo(orjson.dumps(shown, default=str, option=orjson.OPT_INDENT_2).decode())


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


def _sorry(text: str) -> typer.Exit:
    typer.echo(f"dozvon: {text}", err=True)
    return typer.Exit(1)


if __name__ == "__main__":
    raise SystemExit(main())
