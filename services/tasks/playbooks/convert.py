"""A playbook as the other services hear of it."""

from dataclasses import asdict

from libs.common.contracts.desks import FirstStatus, PlaybookActivatedV2
from libs.common.contracts.shared import Text
from services.tasks.playbooks.buyers import returns_calls
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.standing import Missing


def activated(playbook: Playbook, version: int, desk: str, actor: str) -> PlaybookActivatedV2:
    """Return the event of a version that a desk starts new leads on."""
    first = next(iter(playbook.statuses.values()), None)
    return PlaybookActivatedV2(
        desk=desk,
        code=playbook.code,
        version=version,
        actor=actor,
        first_status=first
        and FirstStatus(code=first.code, title=Text(ru=first.title.ru, en=first.title.en), stage=first.stage),
        pools=tuple(sorted({kind.pool for kind in playbook.task_types.values()})),
        lanes=tuple(playbook.lanes),
        returns_calls=returns_calls(playbook),
    )


def awaited(lacking: Missing) -> dict[str, object]:
    """Return a name that may be on its way, as a refusal shows it."""
    said = asdict(lacking)
    return {"pointer": said.pop("path"), **said}
