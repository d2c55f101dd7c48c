"""The formats: one line each."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field, TypeAdapter

from services.intake.formats.base import Format
from services.intake.formats.config import FormatConfig
from services.intake.formats.cpa import Cpa
from services.intake.formats.getcourse import GetCourse
from services.intake.formats.landing import Landing
from services.intake.formats.mango import Mango
from services.intake.formats.tally import Tally
from services.intake.formats.tilda import Tilda

ALL: tuple[type[Format], ...] = (
    Landing,
    GetCourse,
    Tilda,
    Cpa,
    Mango,
    Tally,
)

FORMATS: Mapping[str, type[Format]] = {each.code: each for each in ALL}

if TYPE_CHECKING:
    SourceConfig: TypeAlias = FormatConfig
else:
    SourceConfig = Annotated[reduce(or_, (each.Config for each in ALL)), Field(discriminator="format")]

#: Reads the configuration of any format, which it names. Raises ValidationError.
CONFIGS: TypeAdapter[FormatConfig] = TypeAdapter(SourceConfig)
