"""How a desk's configuration travels: the mode, the plan's ETag as `If-Match`, 412 with what the desk has now."""

from typing import Annotated

from fastapi import Depends, Header, Query, Response
from pydantic import BaseModel

from libs.common.platform.configuration import ConfigurationMode, StaleConfigurationError, digest
from libs.common.platform.http.problems import Problem


async def seen(
    mode: Annotated[ConfigurationMode, Query()] = ConfigurationMode.PLAN,
    if_match: Annotated[str | None, Header(alias="If-Match", description="the ETag of the plan, to apply")] = None,
) -> str | None:
    """Return the tag of the plan that is applied, None to plan; to apply without one is 428 (`etag.named`)."""
    if mode is ConfigurationMode.PLAN:
        return None
    return (if_match or "").strip().removeprefix("W/")


#: The plan to apply, as its ETag; None: plan.
Seen = Annotated[str | None, Depends(seen)]


def stale_configuration(error: StaleConfigurationError) -> Problem:
    """Return the 412 that carries what the desk has now."""
    now = None if error.document is None else error.document.model_dump(mode="json")
    return Problem(
        412, "stale_version", headers={"ETag": digest(error.document, error.stamp)}, extra={"current": now}
    )


def tagged(response: Response, document: BaseModel | None, stamp: str = "") -> None:
    """Put the entity tag of what the desk has into an answer."""
    response.headers["ETag"] = digest(document, stamp)
