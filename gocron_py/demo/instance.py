"""One process of the fleet: a scheduler with the jobs, under a tick locker. ``python -m gocron_py.demo.instance``."""

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
from typing import final

import gocron_py as gocron
from gocron_py.clock import Clock, RealClock, Timer
from gocron_py.demo.jobs import FleetJob
from gocron_py.demo.log import Log
from gocron_py.distributed.events import TickEvent
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.instant import SECOND, Instant, Micros, instant_of

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


def jobs_named(name: str) -> Sequence[FleetJob]:
    """The jobs that ``module:attribute`` names."""
    module, _, attribute = name.partition(":")
    jobs: Sequence[FleetJob] = getattr(importlib.import_module(module), attribute)
    return jobs


def _task(job: FleetJob, log: Log) -> None:
    run = gocron.current_run()
    at = instant_of(run.tick.at, UTC)
    log.write("start", job=job.name, at=at, attempt=run.attempt, fence=run.fence or 0)
    if job.work:
        run.context.wait(job.work)
    log.write("end", job=job.name, at=at, attempt=run.attempt, fence=run.fence or 0)


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
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the parent
    _end_with(options.parent)
    log = Log(options.directory / "runs.log")

    def note(event: TickEvent) -> None:
        at = 0 if event.at is None else instant_of(event.at, UTC)
        log.write(f"event:{event.kind.value}", job=event.job_name.replace(" ", "_"), at=at)

    locker = SQLiteTickLocker(options.directory / "ticks.db", on_event=note)
    clock: Clock = SkewedClock(options.skew) if options.skew else RealClock()
    scheduler = gocron.new_scheduler(
        gocron.with_distributed_locker(locker),
        gocron.with_location("UTC"),
        gocron.with_clock(clock),
        gocron.with_max_workers(options.workers),
        gocron.with_logger(gocron.new_logger(gocron.LogLevel.ERROR)),
        gocron.with_stop_timeout(timedelta(seconds=5)),
    )
    jobs = jobs_named(options.jobs)
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
    keys = [job.policy.get("key") or job.name for job in jobs]
    while len(locker.store.load(keys).entries) < len(set(keys)):
        time.sleep(0.01)
    for job in jobs:
        log.write("attend", job=job.name, at=int(options.skew / SECOND * SECOND))
    scheduler.run_until_signal(signal.SIGTERM)
    log.write("quit")
    locker.close()


if __name__ == "__main__":
    main()
