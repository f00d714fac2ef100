"""One job, a Go instance and two Python ones, random kills; and who ran it when.

``python -m tests.distributed.mixed_ledger redis --seconds 600`` keeps it up for longer than the tests do.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.distributed.mixed_instance import DEADLINE, EVERY, RETRY, TTL, WORK, PythonPeer
from tests.peer.program import GoPeer, Peer
from tests.servers.system import HOST

KINDS = ("redis", "sql", "etcd-key", "etcd-mutex", "etcd-election", "lease")

# The longest that nobody may run it, while most live: until the lease of a dead one is over, and somebody's next tick.
LONGEST_GAP = 3 * TTL.total_seconds() + 10 * EVERY.total_seconds()

# How long a run goes on, in seconds, for a kill and a run of each language.
LIMIT = 60.0


@dataclass
class Ledger:
    """What the log says."""

    starts: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    cut_off: int = 0
    overlaps: list[str] = field(default_factory=list)
    longest_gap: float = 0.0
    last: int | None = None
    """The process that ran it last."""

    def __str__(self) -> str:
        runs = ", ".join(f"{language} {count}" for language, count in sorted(self.starts.items()))
        return (
            f"runs: {runs}; kills: {self.kills}, of them in a run: {self.cut_off}; "
            f"at one moment: {len(self.overlaps)}; longest time without a run: {self.longest_gap:.1f} s"
        )


def read(log: Path) -> Ledger:
    """Follow the log from its first line to the last."""
    ledger = Ledger()
    lines = sorted(map(json.loads, log.read_text().splitlines()), key=lambda line: line["at"])
    languages = {line["pid"]: line["language"] for line in lines if line["what"] == "born"}
    running: dict[int, int] = {}
    last: int | None = None
    for line in lines:
        pid, at = line["pid"], line["at"]
        if line["what"] == "killed":
            ledger.kills += 1
            ledger.cut_off += running.pop(pid, None) is not None
        elif line["what"] in ("end", "over"):
            running.pop(pid, None)
        elif line["what"] == "start":
            if running:
                ledger.overlaps.append(f"{languages[pid]} {pid} at {at}, while {running}")
            running[pid] = at
            language = languages[pid]
            ledger.starts[language] = ledger.starts.get(language, 0) + 1
            ledger.longest_gap = max(ledger.longest_gap, 0 if last is None else (at - last) / 1e6)
            ledger.last = pid
            last = at
    return ledger


class Fleet:
    """The instances, and who is killed when."""

    def __init__(self, kind: str, server: dict[str, str], directory: Path, seed: int) -> None:
        self._kind = kind
        self._server = server
        self._dice = random.Random(seed)
        self._job = f"job-{secrets.token_hex(4)}"
        self.log = directory / "log"
        self._file = self.log.open("a")
        self._living: list[tuple[Peer, str]] = []

    def run(self, seconds: float) -> Ledger:
        """Kill and start for so long; and on, up to a limit, until both languages have run it and one was killed."""
        end = time.monotonic() + seconds
        try:
            for language in ("go", "python", "python"):
                self._bear(language)
            while (left := end - time.monotonic()) > 0 or (left > -LIMIT and not self._says_something()):
                pause = self._dice.uniform(1, 5)
                time.sleep(min(pause, left) if left > 0 else pause)
                victim = self._victim()
                self._kill(victim, "killed")
                self._bear(victim[1])
        finally:
            for each in self._living[:]:
                self._kill(each, "over")
            self._file.close()
        return read(self.log)

    def _says_something(self) -> bool:
        ledger = read(self.log)
        return ledger.kills > 0 and len(ledger.starts) == 2

    def _victim(self) -> tuple[Peer, str]:
        """By dice; but as long as one language alone has run it, who did so last: a leader goes on until it dies."""
        ledger = read(self.log)
        leader = [each for each in self._living if len(ledger.starts) == 1 and each[0].pid == ledger.last]
        return self._dice.choice(leader or self._living)

    def _note(self, pid: int, what: str, **more: str) -> None:
        line = {"pid": pid, "what": what, "at": time.time_ns() // 1000, **more}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def _kill(self, victim: tuple[Peer, str], what: str) -> None:
        self._living.remove(victim)
        victim[0].kill()
        self._note(victim[0].pid, what)

    def _bear(self, language: str) -> None:
        peer = self._go() if language == "go" else self._python()
        self._note(peer.pid, "born", language=language)
        self._living.append((peer, language))

    def _go(self) -> Peer:
        times = {"ttl": TTL, "deadline": DEADLINE, "retry": RETRY, "every": EVERY}
        settings: dict[str, object] = {name: f"{value.total_seconds()}s" for name, value in times.items()}
        settings |= {"job": self._job, "work": f"{WORK}s", "log": self.log}
        secret = {key: self._server[key] for key in ("token", "ca") if key in self._server}
        return GoPeer(self._kind, address=self._server["address"], name=self._name(), **settings, **secret)

    def _python(self) -> Peer:
        return PythonPeer(self._kind, self._server, self._name(), self._job, str(self.log))

    def _name(self) -> str:
        """Of the lock or the election in the server."""
        prefixes = {"redis": "gocron:", "etcd-key": "/gocron/locks/", "etcd-mutex": "/gocron/locks/"}
        return prefixes.get(self._kind, "") + self._job


def where(kind: str, server: Any) -> dict[str, str]:
    """What instances need to reach it."""
    if kind == "lease":
        return {"url": server.url, "address": server.url, "token": server.token, "ca": str(server.ca_file)}
    address = f"{HOST}:{server.port}"
    if kind == "sql":
        return {"url": server.url, "address": f"postgres://postgres@{address}/postgres?sslmode=disable"}
    return {"url": server.url if kind == "redis" else f"etcd://{address}", "address": address}


def main() -> int:
    """One kind, for as long as it is told."""
    from tests.servers.etcd import EtcdServer
    from tests.servers.kube import KubeServer
    from tests.servers.postgres import PostgresServer
    from tests.servers.redis import RedisServer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kinds = {"redis": RedisServer, "sql": PostgresServer, "lease": KubeServer}
    with ExitStack() as stack:
        server = stack.enter_context(kinds.get(options.kind, EtcdServer)())
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ledger = Fleet(options.kind, where(options.kind, server), directory, options.seed).run(options.seconds)
    print(f"{options.kind}, {options.seconds:.0f} s, seed {options.seed}: {ledger}")
    return 1 if ledger.overlaps or ledger.longest_gap > LONGEST_GAP else 0


if __name__ == "__main__":
    sys.exit(main())
