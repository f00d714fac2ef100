"""gocron_py, with its defaults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import gocron_py as gocron
from benchmarks.peers import Task


class Scheduler:
    """A duration job for each, as a port from Go would write it."""

    def __init__(self, workers: int | None = None) -> None:
        options = [] if workers is None else [gocron.with_max_workers(workers)]
        self._scheduler = gocron.new_scheduler(gocron.with_location("UTC"), *options)

    def add(self, task: Task, argument: int, interval: float, first: float | None) -> None:
        definition = gocron.duration_job(timedelta(seconds=interval))
        if first is None:
            self._scheduler.new_job(definition, gocron.new_task(task, argument))
            return
        start = gocron.with_start_date_time(datetime.fromtimestamp(first, UTC))
        self._scheduler.new_job(definition, gocron.new_task(task, argument), gocron.with_start_at(start))

    def add_cron(self, task: Task, argument: int, crontab: str) -> None:
        self._scheduler.new_job(gocron.cron_job(crontab, False), gocron.new_task(task, argument))

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown()
