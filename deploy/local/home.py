"""The folder of one embedded stack: servers' data, logs, keys, the shared clock, generated secrets."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.process import LocalStackError, one_line
from libs.common.connect.webpush import VapidKey, new_vapid_key
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.files import write_whole
from libs.common.platform.sealing.keys import DataKeys, new_key
from libs.common.testkit.issuer import TokenIssuer


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
    def journals(self) -> Path:
        """What the stand-ins accepted: one file per provider."""
        return self.path / "journals"

    @property
    def media(self) -> Path:
        """The files of messages."""
        return self.path / "media"

    def passwords(self) -> Mapping[str, str]:
        """Return the database password of each service's role, made at the first start."""
        path = self.path / "passwords.json"
        if not path.exists():
            write_whole(path, json.dumps({service: secrets.token_urlsafe(24) for service in SERVICES}), 0o600)
        with _legible(path):
            kept: dict[str, str] = json.loads(path.read_text())
        return kept

    def data_keys(self, service: str) -> str:
        """Return the keys of a service's stored secrets, made at the first start."""
        path = self.path / "data-keys" / service
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            write_whole(path, f"{new_key('local')}\n", 0o600)
        with _legible(path):
            DataKeys.parse(path.read_text())
        return path.read_text()

    def vapid_key(self) -> str:
        """Return the key of pushes to browsers, made at the first start."""
        path = self.path / "data-keys" / "vapid"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            write_whole(path, f"{new_vapid_key()}\n", 0o600)
        with _legible(path):
            VapidKey.parse(path.read_text())
        return path.read_text()

    def issuer(self) -> TokenIssuer:
        """Return the issuer of this stack's tokens, made at the first start."""
        with _legible(self.keys / "issuer.pem"):
            return TokenIssuer.in_folder(self.keys)


def home_from_environment() -> Home:
    """Return DOZVON_HOME, or `.local` of the working folder; the folders are made."""
    home = Home(Path(os.environ.get("DOZVON_HOME") or ".local").expanduser().resolve())
    with one_line(f"DOZVON_HOME, {home.path}, cannot be used"):
        home.logs.mkdir(parents=True, exist_ok=True)
    return home


@contextmanager
def _legible(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise LocalStackError(f"{path} cannot be read; delete it to have it made anew") from error
