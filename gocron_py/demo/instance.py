"""One process of the fleet: a scheduler with the jobs, under a tick locker. ``python -m gocron_py.demo.instance``.

The locker is by default the demo's, on SQLite; any other is named, as the jobs are.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, final

import gocron_py as gocron
from gocron_py.clock import Clock, RealClock, Timer
from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.log import Log
from gocron_py.distributed.events import TickEvent
from gocron_py.distributed.locker import GRANTED_TOO_LATE, TickLocker
from gocron_py.errors import LockError
from gocron_py.instant import SECOND, Instant, Micros, instant_of

SQLITE = "gocron_py.distributed.sqlite:SQLiteTickLocker"

_PR_SET_PDEATHSIG = 1


@final
class SkewedClock:
    """The machine's clock, as a machine has it whose clock is wrong."""

    def __init__(self, skew: Micros) -> None:
        self._skew = skew

    def now(self) -> datetime:
        """The wrong time."""
        return datetime.now(UTC) + timedelta(microseconds=self._skew)

    def new_timer(self) -> Timer:
        """A sleeper that goes by the wrong time."""
        return _SkewedTimer(RealClock().new_timer(), self._skew)


@final
class _SkewedTimer:
    def __init__(self, timer: Timer, skew: Micros) -> None:
        self._timer = timer
        self._skew = skew

    def wait_until(self, due: Instant | None, waiters: int) -> Micros:
        return self._timer.wait_until(None if due is None else due - self._skew, waiters)

    def wake(self) -> None:
        self._timer.wake()

    def close(self) -> None:
        self._timer.close()


def named(name: str) -> Any:
    """What ``module:attribute`` names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _task(job: FleetJob, log: Log) -> None:
    run = gocron.current_run()
    at = instant_of(run.tick.at, UTC)
    log.write("start", job=job.name, at=at, attempt=run.attempt, fence=run.fence or 0)
    if job.task is not None:
        job.task()
    elif job.work:
        run.context.wait(job.work)
    log.write("end", job=job.name, at=at, attempt=run.attempt, fence=run.fence or 0)


def _knows(locker: TickLocker, keys: Sequence[str]) -> bool:
    try:
        return len(locker.store.load(keys).entries) == len(keys)
    except LockError:
        return False


def _end_with(parent: int) -> None:
    """The end of the parent is the end of this process, even if it is frozen then."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run the jobs until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--jobs", default="gocron_py.demo.jobs:JOBS")
    parser.add_argument("--skew", type=int, default=0, help="of the clock, in microseconds")
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--locker", default=SQLITE, help="what makes it: module:attribute")
    parser.add_argument("--at", help="what the locker is made of: an address (default: a file in the directory)")
    parser.add_argument("--poll", type=float, help="how often it looks for what was cut off, in seconds")
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the parent
    _end_with(options.parent)
    log = Log(options.directory / "runs.log")

    def note(event: TickEvent) -> None:
        at = 0 if event.at is None else instant_of(event.at, UTC)
        job = event.job_name.replace(" ", "_")
        log.write(f"event:{event.kind.value}", job=job, at=at)
        if GRANTED_TOO_LATE in event.detail:
            log.write("gave_up", job=job, at=at)

    locker: TickLocker = named(options.locker)(options.at or options.directory / "ticks.db", on_event=note)
    if options.poll is not None:
        locker.store.poll = options.poll
    clock: Clock = SkewedClock(options.skew) if options.skew else RealClock()
    if hasattr(locker.store, "clock"):  # a store that has none of its own goes by that of the instance
        setattr(locker.store, "clock", clock)  # noqa: B010 - of a TickStore nobody knows
    scheduler = gocron.new_scheduler(
        gocron.with_distributed_locker(locker),
        gocron.with_location("UTC"),
        gocron.with_clock(clock),
        gocron.with_max_workers(options.workers),
        gocron.with_logger(gocron.new_logger(gocron.LogLevel.ERROR)),
        gocron.with_stop_timeout(timedelta(seconds=5)),
    )
    jobs: Sequence[FleetJob] = named(options.jobs)
    for job in jobs:
        scheduler.new_job(
            job.definition,
            gocron.new_task(_task, job, log),
            gocron.with_name(job.name),
            gocron.with_tick_policy(**job.policy),
            *job.options,
        )
    scheduler.start()
    # A job is this process's from when the store knows it.
    keys = list({job.policy.get("key") or job.name for job in jobs})
    while not _knows(locker, keys):
        time.sleep(0.05)
    for job in jobs:
        log.write("attend", job=job.name, at=int(options.skew / SECOND * SECOND))
    scheduler.run_until_signal(signal.SIGTERM)
    log.write("quit")
    locker.close()


if __name__ == "__main__":
    main()
