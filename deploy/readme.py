"""`python -m deploy.readme`: write README's first commands and the table of docs/settings.md anew."""

from pathlib import Path

from deploy.local.guide import commands
from libs.common.platform.settings import settings_table
from services.assignment.settings import AssignmentSettings
from services.intake.settings import IntakeSettings
from services.notifications.settings import NotificationsSettings
from services.tasks.settings import TasksSettings

ROOT = Path(__file__).parents[1]
README, SETTINGS = ROOT / "README.md", ROOT / "docs" / "settings.md"
_NOTE = """A key is read with the service's prefix (`INTAKE_`, `TASKS_`, …) first; those in brackets also without.
Each may be given as a file: `<KEY>_FILE`. An unknown key of a service's prefix is refused; one
that an earlier release read is ignored, with a warning in the log.

"""


def with_commands(readme: str) -> str:
    """Return README with the commands that `make run` prints. Raises ValueError when its markers are gone."""
    return _between(readme, "first", f"```sh\n{commands('${DOZVON_HOME:-.local}')}\n```\n")


def with_settings(settings: str) -> str:
    """Return docs/settings.md with the present table. Raises ValueError when its markers are gone."""
    table = settings_table([IntakeSettings, TasksSettings, AssignmentSettings, NotificationsSettings])
    return _between(settings, "settings", f"{_NOTE}{table}")


def _between(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    return f"{head}{begin}{content}{end}{tail}"


if __name__ == "__main__":
    README.write_text(with_commands(README.read_text()))
    SETTINGS.write_text(with_settings(SETTINGS.read_text()))
