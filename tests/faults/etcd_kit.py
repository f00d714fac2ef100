"""Instances of a scheduler under an EtcdTickLocker, on the real clock, and etcds with options of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from fault_kit import MS, SECOND

import gocron_py as gocron
from gocron_py.distributed.etcd import EtcdTickLocker
from gocron_py.distributed.events import TickEvent, TickEventKind
from tests.servers.etcd import EtcdServer
from tests.servers.system import HOST


def url_of(*ports: int) -> str:
    return "etcd://" + ",".join(f"{HOST}:{port}" for port in ports)


class OwnEtcd(EtcdServer):
    """One with more arguments than the others."""

    def __init__(self, *arguments: str) -> None:
        super().__init__()
        self.arguments = arguments

    def command(self) -> list[str]:
        return [*super().command(), *self.arguments]


class Instance:
    """One scheduler with one job, ``job``. Its task holds on to ``gate`` until the test opens it.

    :ivar runs: those that were begun: tick, attempt, fence.
    :ivar causes: of runs whose context ended: why.
    """

    def __init__(self, url: str, prefix: str, *, every: Any = 500 * MS, is_open: bool = True, **policy: Any) -> None:
        self.events: list[TickEvent] = []
        self.errors: list[Exception] = []
        self.runs: list[gocron.CurrentRun] = []
        self.causes: list[BaseException | None] = []
        self.gate = threading.Event()
        if is_open:
            self.gate.set()
        options: dict[str, Any] = {"lease": 2 * SECOND, "start_deadline": 10 * SECOND, **policy}
        self.locker = EtcdTickLocker(url, prefix=prefix, on_event=self.events.append, **options)
        self.scheduler = gocron.new_scheduler(
            gocron.with_distributed_locker(self.locker), gocron.with_location("UTC"), gocron.with_stop_timeout(SECOND)
        )
        self.scheduler.new_job(
            gocron.duration_job(every),
            gocron.new_task(self._task),
            gocron.with_name("job"),
            gocron.with_event_listeners(gocron.after_lock_error(lambda job_id, name, error: self.errors.append(error))),
        )
        self.scheduler.start()

    def _task(self) -> None:
        run = gocron.current_run()
        self.runs.append(run)
        while not self.gate.wait(0.01):
            if run.context.done():
                self.causes.append(gocron.context.cause(run.context))
                return

    def kinds(self) -> list[TickEventKind]:
        return [event.kind for event in self.events]

    def end(self) -> None:
        self.gate.set()
        with suppress(gocron.GocronError):
            self.scheduler.shutdown()
        self.locker.close()


def ticks_of(*instances: Instance) -> list[float]:
    """Of all runs, in order; a tick that was begun twice is there twice."""
    return sorted(run.tick.at.timestamp() for instance in instances for run in instance.runs)


def gaps_of(ticks: Sequence[float], interval: float) -> int:
    """How many ticks are missing between the first and the last."""
    return round((ticks[-1] - ticks[0]) / interval) + 1 - len(ticks)


class Calls:
    """How often, and for how long at most, the calls of an instance's client go to the server."""

    def __init__(self, instance: Instance) -> None:
        self.count = 0
        self.longest = 0.0
        client = instance.locker.store._client  # type: ignore[attr-defined]
        attempt = client._try

        def counted(work: Any) -> Any:
            self.count += 1
            started = time.monotonic()
            try:
                return attempt(work)
            finally:
                self.longest = max(self.longest, time.monotonic() - started)

        client._try = counted
