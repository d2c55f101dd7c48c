"""`?dry_run`: what would happen, and nothing of it is kept."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BeforeValidator


def _given(value: object) -> object:
    """Read the bare name as yes."""
    return True if value == "" else value


DryRun = Annotated[bool, BeforeValidator(_given), Query(description="only say what would happen: nothing is kept")]
#: Of what never keeps anything: the name may be said, and means nothing more.
AlwaysDry = Annotated[Literal["", "true"], Query(description="always so: nothing is kept")]
