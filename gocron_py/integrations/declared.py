"""Jobs that an application declares while it is loaded, and the scheduler that each process makes of them."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from typing import final

from gocron_py.definitions import JobDefinition, Setup, one_time_job, one_time_job_start_date_time
from gocron_py.errors import GocronError
from gocron_py.instant import datetime_of
from gocron_py.job import Job, JobSettings
from gocron_py.job_options import JobOption
from gocron_py.monitor import RunRecord
from gocron_py.scheduler import Scheduler
from gocron_py.task import Task

Declaration = tuple[JobDefinition, Task, tuple[JobOption, ...]]

_logger = logging.getLogger("gocron_py")


@final
class ProcessScheduler:
    """The scheduler of an application in this process.

    A scheduler does not outlive a fork. One that is made before it checks what is declared; the child makes another
    one of the same declarations.

    :param make: gives a scheduler without jobs.
    """

    def __init__(self, make: Callable[[], Scheduler]) -> None:
        self._make = make
        self._declared: list[Declaration] = []
        self._lock = threading.RLock()
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        self._scheduler = self._make()
        self._jobs: dict[Job, Declaration] = {}
        self._pid = os.getpid()
        self._is_started = False
        for declaration in self._declared:
            try:
                self._add(declaration)
            except GocronError as error:  # it was right once: a moment that has passed since, say
                _logger.warning("gocron: %r is left out in process %d: %s", declaration[1], self._pid, error)

    def _add(self, declaration: Declaration) -> Job:
        definition, task, options = declaration
        job = self._scheduler.new_job(definition, task, *options)
        self._jobs[job] = declaration
        return job

    @property
    def scheduler(self) -> Scheduler:
        """This process's one; started or not."""
        with self._lock:
            if self._pid != os.getpid():
                self._begin()
            return self._scheduler

    def declare(self, definition: JobDefinition, task: Task, *options: JobOption) -> Job:
        """Add a job, in this process and in those that are forked.

        :raises ValidationError: as :meth:`Scheduler.new_job <gocron_py.Scheduler.new_job>`.
        """
        with self._lock:
            declaration = definition, task, options
            if self._pid != os.getpid():
                self._begin()
            job = self._add(declaration)
            self._declared.append(declaration)
            return job

    def jobs(self) -> list[Job]:
        """The jobs that were declared, in order, as far as they are there."""
        there = set(self.scheduler.jobs())
        return [job for job in self._jobs if job in there]

    def start(self) -> bool:
        """Start it, if nobody has in this process. ``False``: somebody has."""
        with self._lock:
            scheduler = self.scheduler
            if self._is_started:
                return False
            self._is_started = True
        scheduler.start()
        return True

    def is_started(self) -> bool:
        """Whether :meth:`start` was called in this process."""
        return self._is_started and self._pid == os.getpid()

    def run_once(self, job: Job) -> RunRecord:
        """Run a declared job here and now, in a scheduler of its own, and wait for its end. Its lock holds as ever.

        :return: what became of it.
        """
        _, task, options = self._jobs[job]
        scheduler = self._make()
        alone = scheduler.new_job(_NEVER, task, *options, _ByHand())
        with scheduler:
            alone.run_now()
            while not (records := alone.history()):
                time.sleep(_LOOK)
        return records[0]


# The end of the calendar is too far for some arithmetic, and this far enough.
_NEVER = one_time_job(one_time_job_start_date_time(datetime(9000, 1, 1, tzinfo=UTC)))

# How often, in seconds, it is looked whether a run has ended.
_LOOK = 0.02


@final
class _ByHand(JobOption):
    """The last option of a job that has no schedule: what the others say of its times does not count."""

    def apply(self, settings: JobSettings, setup: Setup) -> None:
        setup.start = setup.start_location = settings.stop = settings.limited_runs = None
        setup.start_immediately = settings.interval_from_completion = False
        settings.history_size = 1


def upcoming(job: Job, count: int) -> list[datetime]:
    """The next times of a job, also where its scheduler is not started; if the schedule ends, fewer."""
    spec, registry = job._spec, job._scheduler._registry
    location, now = registry.settings.location, registry.now()
    first = registry.first(spec, spec.start, fresh=True, now=now)
    return [datetime_of(tick, location) for tick in spec.ticks(first, count)]


def warn_without_locker(scheduler: Scheduler, setting: str) -> None:
    """To be called in one of several processes: says which jobs all of them run."""
    names = [job.name() for job in scheduler.jobs() if job._spec.is_unguarded()]
    if names:
        _logger.warning(
            "gocron: this process is one of several, and without %s each of them runs %s",
            setting,
            ", ".join(names[:5]) + (", …" if len(names) > 5 else ""),
        )


_all: weakref.WeakSet[ProcessScheduler] = weakref.WeakSet()


def _forked() -> None:
    for each in _all:
        each._lock = threading.RLock()


os.register_at_fork(after_in_child=_forked)
