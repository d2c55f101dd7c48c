"""The folder of one embedded stack: servers' data, logs, keys, the shared clock, generated secrets."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from libs.common.db.roles import SERVICES


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one stack lies. Two homes with two ports are two stacks."""

    path: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.path / "postgres"

    @property
    def kafka(self) -> Path:
        """Kafka's data."""
        return self.path / "kafka"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.path / "logs"

    @property
    def keys(self) -> Path:
        """The token issuer's key and its public set."""
        return self.path / "keys"

    @property
    def clock(self) -> Path:
        """The offset of business time, shared by all processes."""
        return self.path / "clock"

    @property
    def journal(self) -> Path:
        """What the messenger stand-in accepted."""
        return self.path / "wazzup-journal.jsonl"

    def passwords(self) -> Mapping[str, str]:
        """Return the database password of each service's role, made at the first start."""
        path = self.path / "passwords.json"
        if not path.exists():
            made = {service: secrets.token_urlsafe(24) for service in SERVICES}
            path.touch(mode=0o600)
            path.write_text(json.dumps(made))
        kept: dict[str, str] = json.loads(path.read_text())
        return kept


def home_from_environment() -> Home:
    """Return DOZVON_HOME, or `.local` of the working folder; the folders are made."""
    home = Home(Path(os.environ.get("DOZVON_HOME", ".local")).expanduser().resolve())
    for folder in (home.path, home.logs):
        folder.mkdir(parents=True, exist_ok=True)
    return home
