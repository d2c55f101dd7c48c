"""Types that several slices put on the wire."""

from typing import Annotated

from pydantic import Field

from libs.common.platform.http.wire import Name, Titles, Wire

__all__ = ["Code", "Name", "Titles", "Wire"]

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="short machine name")]
