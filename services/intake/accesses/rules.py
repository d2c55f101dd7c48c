"""What tasks asks to be done to access: pure (S4.20)."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.common.contracts.shared import AccessAction, AccessStatus
from services.intake.changes.rules import Problem, Problems


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, or said to be done."""

    action: AccessAction
    status: AccessStatus


def read_wish(values: Mapping[str, str]) -> tuple[Wish | None, Problems]:
    """Return what is asked for, and everything that is wrong with its form."""
    problems = [Problem(name, "unknown_field") for name in sorted(values.keys() - {"action", "status"})]
    action, status = values.get("action"), values.get("status", AccessStatus.REQUESTED.value)
    if action not in set(AccessAction):
        problems.append(Problem("action", "unknown_action"))
    if status not in set(AccessStatus):
        problems.append(Problem("status", "unknown_status"))
    return (None if problems else Wish(AccessAction(str(action)), AccessStatus(status))), tuple(problems)
