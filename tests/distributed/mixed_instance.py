"""A Python instance of a mixed fleet: ``python -m tests.distributed.mixed_instance KIND SERVER NAME LOG JOB``."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from datetime import timedelta

import gocron_py as gocron

TTL = timedelta(seconds=2)
EVERY = timedelta(seconds=0.5)
WORK = 0.1


def option_for(kind: str, server: dict[str, str], name: str) -> gocron.SchedulerOption:
    """The locker or elector that the Go instances have, too."""
    if kind == "redis":
        from gocron_py.distributed.redis import RedisLocker

        return gocron.with_distributed_locker(RedisLocker(server["url"], ttl=TTL))
    if kind == "sql":
        from gocron_py.distributed.sql import SQLLocker

        return gocron.with_distributed_locker(SQLLocker(server["url"], ttl=TTL))
    if kind in ("etcd-key", "etcd-mutex"):
        from gocron_py.distributed.etcd import EtcdLocker

        layout = "key" if kind == "etcd-key" else "mutex"
        return gocron.with_distributed_locker(EtcdLocker(server["url"], layout=layout, ttl=TTL))
    if kind == "etcd-election":
        from gocron_py.distributed.etcd import EtcdElector

        return gocron.with_distributed_elector(EtcdElector(server["url"], name=name, ttl=TTL))
    from gocron_py.distributed.kubernetes import KubernetesElector
    from tests.distributed.kube_tools import client_at

    retry, deadline = timedelta(seconds=0.2), timedelta(seconds=1.5)
    times = {"lease_duration": TTL, "renew_deadline": deadline, "retry_period": retry}
    client = client_at(server["url"], server["ca"], server["token"])
    return gocron.with_distributed_elector(KubernetesElector(client, name=name, namespace="default", **times))


def main() -> None:
    """Run the job until the input ends."""
    kind, server, name, log, job = sys.argv[1:]
    file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)

    def note(what: str) -> None:
        line = {"pid": os.getpid(), "what": what, "at": time.time_ns() // 1000}
        os.write(file, json.dumps(line).encode() + b"\n")

    def work() -> None:
        note("start")
        threading.Event().wait(WORK)
        note("end")

    scheduler = gocron.new_scheduler(option_for(kind, json.loads(server), name))
    scheduler.new_job(gocron.duration_job(EVERY), gocron.new_task(work), gocron.with_name(job))
    with scheduler:
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
