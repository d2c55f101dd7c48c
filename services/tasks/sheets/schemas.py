"""Call sheets on the wire."""

from datetime import datetime

from pydantic import BaseModel


class SheetStepOut(BaseModel):
    """A step to tick; `done_by` and `done_at` are absent as long as it is not."""

    code: str
    title: str
    done_by: str | None
    done_at: datetime | None


class ScriptOut(BaseModel):
    """What to say now, filled with what is known of the subject."""

    code: str
    title: str
    text: str


class MessageValues(BaseModel):
    """What a message to a lead's customer would say in its placeholders; what is not known has no value."""

    language: str
    values: dict[str, str]


class SheetOut(BaseModel):
    """The call sheet of a task, in the caller's language."""

    goal: str
    steps: tuple[SheetStepOut, ...]
    scripts: tuple[ScriptOut, ...]
