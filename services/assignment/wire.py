"""Types that several slices put on the wire."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from libs.common.platform.http.language import Language

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="short machine name")]
Codes = Annotated[tuple[Code, ...], Field(max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class Wire(BaseModel):
    """A body that the caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Titles(Wire):
    """One title in both languages."""

    ru: Name
    en: Name


def title_in(titles: dict[str, str], language: Language) -> str:
    """Return a stored title in the caller's language."""
    return titles[language.value]
