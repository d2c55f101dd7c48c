"""Types that the services put on the wire."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class Wire(BaseModel):
    """A body that the caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Titles(Wire):
    """One title in both languages."""

    ru: Name
    en: Name
