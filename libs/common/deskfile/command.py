"""`dozvon desk plan|apply|export`: a desk as a file."""

import asyncio
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import httpx
import orjson
import typer
import yaml

from libs.common.deskfile.applying import FailedError, Outcome, apply, export, plan
from libs.common.deskfile.reading import BadFileError, DeskFile, read
from libs.common.deskfile.services import Answer, RefusedError
from libs.common.platform.files import write_whole

T = TypeVar("T")

SIGNS = {"create": "+", "change": "~", "retire": "-"}
SECONDS = 60.0  # of one call


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as a person would."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)

app = typer.Typer(help="A desk as a file: what it has, planned and applied at all services.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="the desk file, YAML", metavar="DESK.YAML")]
Origin = Annotated[str, typer.Option(envvar="DOZVON_ORIGIN", help="where the services are, without a path")]
Token = Annotated[str, typer.Option(envvar="DOZVON_TOKEN", help="an administrator's token", prompt=False)]
Kept = Annotated[Path | None, typer.Option(help="where the secrets go that the services have made, as JSON")]


@app.command("plan")
def plan_command(file: File, token: Token, origin: Origin = "http://127.0.0.1:8080") -> None:
    """Say what applying the file would change, with every fault; change nothing."""
    found = _read(file)
    plans = _run(_planned(found, origin, token))
    _print(plans, "nothing to change")


@app.command("apply")
def apply_command(file: File, token: Token, origin: Origin = "http://127.0.0.1:8080", secrets: Kept = None) -> None:
    """Make the desk what the file says.

    What the file does not name any more is retired. Applied again, it changes nothing.
    """
    found = _read(file)
    outcome = _run(_applied(found, origin, token))
    _print(outcome.answers, "nothing to change")
    made = outcome.said("intake", "secrets")
    if secrets is not None:
        write_whole(secrets, orjson.dumps(made, option=orjson.OPT_INDENT_2).decode(), 0o600)
    for code, secret in made.items() if secrets is None else ():
        typer.echo(f"source {code}: its secret is {secret}, shown this once")
    for code, path in outcome.said("intake", "hooks").items():
        typer.echo(f"source {code}: {origin}{path}")


@app.command("export")
def export_command(
    desk: Annotated[str, typer.Argument(help="the desk's code")],
    token: Token,
    origin: Origin = "http://127.0.0.1:8080",
) -> None:
    """Write what the desk has, without secrets, as a file that can be applied."""
    document = _run(_exported(desk, origin, token))
    yaml.dump(document, sys.stdout, _Dumper, allow_unicode=True, sort_keys=False, width=110)


async def _planned(file: DeskFile, origin: str, token: str) -> Mapping[str, Answer]:
    async with client_of(origin, token) as client:
        return await plan(client, file)


async def _applied(file: DeskFile, origin: str, token: str) -> Outcome:
    async with client_of(origin, token) as client:
        return await apply(client, file, await plan(client, file))


async def _exported(desk: str, origin: str, token: str) -> dict[str, object]:
    async with client_of(origin, token) as client:
        return await export(client, desk)


def client_of(origin: str, token: str) -> httpx.AsyncClient:
    """Return a client of all services."""
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    return httpx.AsyncClient(base_url=origin, headers=headers, timeout=SECONDS)


def _read(path: Path) -> DeskFile:
    try:
        return read(path)
    except BadFileError as error:
        raise _refused(error.lines) from error


def _run(work: Coroutine[object, object, T]) -> T:
    try:
        return asyncio.run(work)
    except BadFileError as error:
        raise _refused(error.lines) from error
    except FailedError as error:
        kept = [f"{service}: {what}" for service, what in error.taken_back.items()]
        raise _refused([*error.lines, *kept]) from error
    except (RefusedError, httpx.HTTPError) as error:
        raise _refused([str(error) or type(error).__name__]) from error


def _refused(lines: list[str]) -> typer.Exit:
    for line in lines:
        typer.echo(line, err=True)
    return typer.Exit(1)


def _print(answers: Mapping[str, Answer], nothing: str) -> None:
    lines = [
        f"{service}: {SIGNS[change.action]} {change.kind} {change.code}"
        + (f" ({', '.join(change.fields)})" if change.fields else "")
        for service, answer in answers.items()
        for change in answer.changes
    ]
    for line in lines or [nothing]:
        typer.echo(line)
