"""Wire types that several slices use."""

from typing import Annotated

from pydantic import Field

from libs.common.domain.code import Code
from libs.common.platform.http.language import Language
from libs.common.platform.http.wire import Name, Titles, Wire

__all__ = ["Codes", "Name", "Titles", "Wire", "title_in"]

Codes = Annotated[tuple[Code, ...], Field(max_length=100)]


def title_in(titles: dict[str, str], language: Language) -> str:
    """Return a stored title in the caller's language."""
    return titles[language.value]
