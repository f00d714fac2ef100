"""MariaDB, from the system's packages."""

from __future__ import annotations

import os
import shutil

import pymysql  # type: ignore[import-untyped]

from .process import Server
from .system import HOST, ServerMissing

# The last two are on the path of root only.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


class MariaDBServer(Server):
    """With the user ``root``, who needs no password, and an empty database ``test``."""

    name = "mariadb"

    @property
    def url(self) -> str:
        """SQLAlchemy's."""
        return f"mysql+pymysql://root@{HOST}:{self.port}/test"

    def prepare(self) -> None:
        _program("my_print_defaults")  # mariadb-install-db needs it, and is packaged without it
        self.run(_program("mariadb-install-db"), *self._options(), "--auth-root-authentication-method=normal")

    def command(self) -> list[str]:
        return [
            _program("mariadbd"),
            *self._options(),
            "--skip-networking=off",
            f"--bind-address={HOST}",
            f"--port={self.port}",
            "--socket=socket",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=2",  # data outlive a crash of the process, not one of the machine
        ]

    def _options(self) -> list[str]:
        return [
            "--no-defaults",
            f"--datadir={self.home / 'data'}",
            f"--tmpdir={self.home}",  # where another one, when it starts, removes what it takes for its own
            "--innodb-log-file-size=8M",  # 96 MB otherwise
            *(["--user=root"] if os.geteuid() == 0 else []),
        ]

    def ping(self) -> None:
        whom = {"host": HOST, "port": self.port, "user": "root", "database": "test"}
        with pymysql.connect(**whom, connect_timeout=2, read_timeout=2) as connection:
            connection.cursor().execute("select 1")


def _program(name: str) -> str:
    if path := shutil.which(name, path=_PATH):
        return path
    raise ServerMissing(f"there is no {name} (Debian: mariadb-server-core, mariadb-client-core)")
