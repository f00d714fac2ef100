"""A Python instance of a mixed fleet: ``python -m tests.distributed.mixed_instance KIND SERVER NAME JOB [LOG]``.

As the Go instance does it: without a log its parent writes words to its standard input, and reads a line of JSON for
each thing that happens. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from datetime import timedelta

import gocron_py as gocron
from gocron_py.context import after_func, background
from gocron_py.distributed.elector import CampaigningElector, LeadershipCallback
from gocron_py.distributed.mutex import MutexLock, MutexLocker
from tests.peer.program import Peer

# etcd counts in seconds, and takes 2 for less.
TTL = timedelta(seconds=2)
EVERY = timedelta(seconds=0.5)
WORK = 0.1

ELECTIONS = ("etcd-election", "lease")

# Of client-go's settings, those for that TTL.
DEADLINE, RETRY = timedelta(seconds=1.5), timedelta(seconds=0.2)


class PythonPeer(Peer):
    """One such process. *server* is what :func:`~tests.distributed.mixed_ledger.where` says."""

    def __init__(self, kind: str, server: dict[str, str], name: str, job: str, *log: str) -> None:
        super().__init__([sys.executable, "-m", __name__, kind, json.dumps(server), name, job, *log])


def locker_for(kind: str, server: dict[str, str]) -> MutexLocker:
    """The one that the Go instances have, too."""
    if kind == "redis":
        from gocron_py.distributed.redis import RedisLocker

        return RedisLocker(server["url"], ttl=TTL)
    if kind == "sql":
        from gocron_py.distributed.sql import SQLLocker

        return SQLLocker(server["url"], ttl=TTL)
    from gocron_py.distributed.etcd import EtcdLocker

    return EtcdLocker(server["url"], layout="key" if kind == "etcd-key" else "mutex", ttl=TTL)


def elector_for(
    kind: str, server: dict[str, str], name: str, on_change: LeadershipCallback | None = None
) -> CampaigningElector:
    """The one that the Go instances have, too."""
    if kind == "etcd-election":
        from gocron_py.distributed.etcd import EtcdElector

        return EtcdElector(server["url"], name=name, ttl=TTL, on_change=on_change)
    from gocron_py.distributed.kubernetes import KubernetesElector
    from tests.distributed.kube_tools import client_at

    return KubernetesElector(
        client_at(server["url"], server["ca"], server["token"]),
        name=name,
        namespace="default",
        lease_duration=TTL,
        renew_deadline=DEADLINE,
        retry_period=RETRY,
        on_change=on_change,
    )


def leads(elector: CampaigningElector) -> bool:
    """Whether it says so; it campaigns from the first time on."""
    try:
        elector.is_leader(background())
    except gocron.NotLeader:
        return False
    return True


def tell(what: str, **details: object) -> None:
    """What happened, as one line, in one write: threads tell, too."""
    os.write(1, json.dumps({"what": what, **details}).encode() + b"\n")


def obey_with_locker(locker: MutexLocker, job: str) -> None:
    """Lock and unlock as it is told; tell when a lock is lost."""
    held: MutexLock | None = None

    def tell_loss(lock: MutexLock) -> None:
        if lock.lost is not None:
            tell("lost")

    for word in map(str.strip, sys.stdin):
        if word == "lock":
            try:
                lock = held = locker.lock(background(), job)
            except gocron.TickBusy:
                tell("refused")
            else:
                after_func(lock.context, lambda lock=lock: tell_loss(lock))
                tell("locked")
        elif word == "unlock":
            assert held is not None
            held.unlock(background())
            tell("unlocked")
        else:
            raise ValueError(word)
    locker.close()


def obey_with_elector(elector: CampaigningElector) -> None:
    """Campaign, and resign when it is told."""
    for word in map(str.strip, sys.stdin):
        if word == "leads":
            tell("answer", leads=leads(elector))
        elif word == "resign":
            elector.close()
            tell("resigned")
        else:
            raise ValueError(word)
    elector.close()


def obey(kind: str, server: dict[str, str], name: str, job: str) -> None:
    """Words, until the input ends."""
    if kind in ELECTIONS:
        elector = elector_for(kind, server, name, lambda leads: tell("leads", leads=leads))
        tell("ready")
        leads(elector)
        obey_with_elector(elector)
    else:
        locker = locker_for(kind, server)
        tell("ready")
        obey_with_locker(locker, job)


def run_job(kind: str, server: dict[str, str], name: str, job: str, log: str) -> None:
    """Run the job until the input ends, and note its runs."""
    file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)

    def note(what: str) -> None:
        line = {"pid": os.getpid(), "what": what, "at": time.time_ns() // 1000}
        os.write(file, json.dumps(line).encode() + b"\n")

    def work() -> None:
        note("start")
        threading.Event().wait(WORK)
        note("end")

    scheduler = gocron.new_scheduler(
        gocron.with_distributed_elector(elector_for(kind, server, name))
        if kind in ELECTIONS
        else gocron.with_distributed_locker(locker_for(kind, server))
    )
    scheduler.new_job(gocron.duration_job(EVERY), gocron.new_task(work), gocron.with_name(job))
    with scheduler:
        tell("ready")
        sys.stdin.read()


def main() -> None:
    """As its arguments say."""
    kind, server, name, job, *log = sys.argv[1:]
    if log:
        run_job(kind, json.loads(server), name, job, *log)
    else:
        obey(kind, json.loads(server), name, job)


if __name__ == "__main__":
    main()
