"""`dozvon source rehearse`: a source is tried before its first order."""

import asyncio
from pathlib import Path
from typing import Annotated

import httpx
import typer

from libs.common.deskfile.command import Origin, Token, client_of
from libs.common.deskfile.services import RefusedError
from libs.common.rehearsal.answers import Rehearsed
from libs.common.rehearsal.asking import NoSourceError, Sample, rehearse
from libs.common.rehearsal.rules import faults_of, lines_of

FORM = "application/x-www-form-urlencoded"

app = typer.Typer(help="Sources of deliveries.", no_args_is_help=True)

Body = Annotated[
    Path | None,
    typer.Option(help="a request's body as the sender posts it; without it the example of the source's format"),
]
Media = Annotated[
    str | None, typer.Option(help="its media type; JSON of a file whose name ends so, else that of a form")
]


@app.callback()
def _group() -> None:
    """Keep the name of the one command."""


@app.command("rehearse")
def rehearse_command(
    desk: Annotated[str, typer.Argument(help="the desk's code")],
    source: Annotated[str, typer.Argument(help="the source's code")],
    token: Token,
    origin: Origin = "http://127.0.0.1:8080",
    body: Body = None,
    content_type: Media = None,
) -> None:
    """Say what would become of a request: the lead, its task, who would get it, each message.

    Nothing of it is kept. Ends with 1 when something would not work, and says how to mend it.
    """
    found = _run(desk, source, token, origin, _sample(body, content_type))
    for line in lines_of(found):
        typer.echo(line)
    faults = list(faults_of(found))
    for fault in faults:
        typer.echo(f"mend {fault}", err=True)
    if faults:
        raise typer.Exit(1)


def _sample(body: Path | None, content_type: str | None) -> Sample:
    if body is None:
        return Sample()
    return Sample(body.read_bytes(), content_type or ("application/json" if body.suffix == ".json" else FORM))


def _run(desk: str, source: str, token: str, origin: str, sample: Sample) -> Rehearsed:
    async def ask() -> Rehearsed:
        async with client_of(origin, token) as client:
            return await rehearse(client, desk, source, sample)

    try:
        return asyncio.run(ask())
    except (RefusedError, NoSourceError, httpx.HTTPError) as error:
        typer.echo(str(error) or type(error).__name__, err=True)
        raise typer.Exit(1) from error
