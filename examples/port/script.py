"""Moves a fake clock and prints what was said at each of its steps, sorted: jobs run side by side."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import gocron_py as gocron
from gocron_py.testing import FakeClock

STEP = timedelta(minutes=5)


class Script:
    def __init__(self, start: datetime) -> None:
        self.clock = FakeClock(start)
        self._location = start.tzinfo
        self._mutex = threading.Lock()
        self._lines: list[str] = []
        self._ended = 0
        self._expected = 0

    def say(self, text: str) -> None:
        with self._mutex:
            self._lines.append(f"{self.clock.now().astimezone(self._location):%d %H:%M} {text}")

    def end(self) -> None:
        """Count a run that is over."""
        with self._mutex:
            self._ended += 1

    def go(self, scheduler: gocron.Scheduler, length: timedelta) -> None:
        """Let time go by and wait for the runs of each step (Go: ``pass``, a word of Python's own)."""
        end = self.clock.now() + length
        while self.clock.now() < end:
            due = self._due(scheduler, self.clock.now() + STEP)
            self.clock.advance(STEP)
            self.settle(scheduler, due)

    def _due(self, scheduler: gocron.Scheduler, at: datetime) -> int:
        """Count the jobs whose next run comes no later than a time."""
        times = [job.next_run() for job in scheduler.jobs()]
        return sum(1 for next_run in times if next_run is not None and next_run <= at)

    def settle(self, scheduler: gocron.Scheduler, runs: int) -> None:
        """Wait until so many more runs are over and every job has its next time."""
        self._expected += runs
        while not self._caught_up() or self._due(scheduler, self.clock.now()) > 0:
            time.sleep(0.001)
        for line in sorted(self._lines):
            print(line)
        self._lines.clear()

    def _caught_up(self) -> bool:
        with self._mutex:
            return self._ended == self._expected
