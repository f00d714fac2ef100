"""APScheduler 3: a BackgroundScheduler with its memory store and its thread pool."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped, unused-ignore]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped, unused-ignore]
from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped, unused-ignore]

from benchmarks.peers import Task

# It warns of every run it leaves out; writing those lines would be measured too.
logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


class Scheduler:
    """Defaults throughout, but for the size of the pool where it is asked for."""

    def __init__(self, workers: int | None = None) -> None:
        executors = {} if workers is None else {"default": ThreadPoolExecutor(workers)}
        self._scheduler = BackgroundScheduler(timezone=UTC, executors=executors)

    def add(self, task: Task, argument: int, interval: float, first: float | None) -> None:
        if first is None:
            self._scheduler.add_job(task, "interval", seconds=interval, args=(argument,))
            return
        start = datetime.fromtimestamp(first, UTC)
        self._scheduler.add_job(task, "interval", seconds=interval, start_date=start, args=(argument,))

    def add_cron(self, task: Task, argument: int, crontab: str) -> None:
        self._scheduler.add_job(task, CronTrigger.from_crontab(crontab, UTC), args=(argument,))

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
