"""A desk's configuration at intake, on the wire."""

from pydantic import BaseModel

from libs.common.domain.code import Code
from libs.common.platform.configuration import Configuration, Configured
from libs.common.platform.http.wire import Wire
from services.intake.calling.schemas import CallingPart
from services.intake.erasures.schemas import IntakeRetention
from services.intake.masking.schemas import Masking
from services.intake.schools.schemas import SchoolPart
from services.intake.sources.schemas import SourceFields, SourcePatch


class SourcePart(SourceFields):
    """A source of the desk; see `SourceIn`. A member that is left out has its usual value, but for `secret`.

    That one stays as it is; at first one is made where we may choose it. The webhook's address never changes.
    """

    def patch(self) -> SourcePatch:
        """Return the change that makes a source this one, its secret apart."""
        return SourcePatch.model_validate({**self.model_dump(mode="json", exclude={"secret"}), "active": True})


class IntakePart(Wire):
    """The sources of a desk, how often it calls, what it keeps and masks; null: as they are.

    Sources that are not named are retired.

    `schools` are accounts at GetCourse by the codes of their sources; of one that is not named, nothing is asked.
    """

    sources: dict[Code, SourcePart] | None = None
    schools: dict[Code, SchoolPart] | None = None
    calling: CallingPart | None = None
    masking: Masking | None = None
    retention: IntakeRetention | None = None


class Awaited(BaseModel):
    """A playbook that intake has not heard of as active at the desk, where it is named, and known ones like it."""

    pointer: str
    playbook: str
    nearest: tuple[str, ...]


class IntakeConfigured(Configured[IntakePart]):
    """What applying the document changes.

    `hooks`: the path to post to, of each source that is there. `secrets`: those that were made, shown this once.
    """

    hooks: dict[str, str]
    secrets: dict[str, str]
    waits_for: tuple[Awaited, ...]


class IntakeConfiguration(Configuration[IntakePart]):
    """What the desk has at intake, as a document that can be applied again."""
