"""The status in which a lead is born."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.common.contracts.shared import Stage


@dataclass(frozen=True, slots=True)
class Born:
    """A first status with its canonical stage; `title` is None while its playbook was not seen active."""

    status: str
    title: Mapping[str, str] | None
    stage: Stage


#: Of a lead whose playbook was not seen active, until its playbook asks for a status.
UNSEEN = Born("new", None, Stage.NEW)
#: What people see of a lead without a title.
SHOWN_TITLE: Mapping[str, str] = {"ru": "Новый", "en": "New"}
