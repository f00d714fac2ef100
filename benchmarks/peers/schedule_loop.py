"""schedule: its jobs run one after the other on the thread that asks, here in the loop its users write."""

from __future__ import annotations

import time
from datetime import datetime
from threading import Thread

import schedule  # type: ignore[import-not-found, unused-ignore]

from benchmarks.peers import Task


class Scheduler:
    """``run_pending`` as soon as something is due."""

    def __init__(self, workers: int | None = None) -> None:
        self._scheduler = schedule.Scheduler()
        self._stopped = False

    def add(self, task: Task, argument: int, interval: float, first: float | None) -> None:
        job = self._scheduler.every(int(interval)).seconds.do(task, argument)
        if first is not None:
            job.next_run = datetime.fromtimestamp(first)  # noqa: DTZ006 - schedule's times are naive

    def add_cron(self, task: Task, argument: int, crontab: str) -> None:
        raise NotImplementedError

    def start(self) -> None:
        Thread(target=self._loop, daemon=True).start()

    def stop(self) -> None:
        self._stopped = True

    def _loop(self) -> None:
        while not self._stopped:
            wait = self._scheduler.idle_seconds
            if wait is None or wait > 0:
                time.sleep(0.01 if wait is None else wait)
            self._scheduler.run_pending()
