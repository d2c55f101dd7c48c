"""Moves on the wire."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from libs.common.platform.http.wire import Wire
from services.tasks.engine.matrix import LONGEST_COMMENT


def _in_words(comment: str) -> str:
    if not any(character.isalnum() for character in comment):
        raise PydanticCustomError("comment_required", "say why in words")
    return comment.strip()


Words = Annotated[str, Field(max_length=LONGEST_COMMENT), AfterValidator(_in_words)]


class ReleaseIn(Wire):
    """Why a task is given back, in words."""

    comment: Words
