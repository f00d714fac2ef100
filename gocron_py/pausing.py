"""Pause and resume of a job and of a scheduler: where a pause is kept, and what holds when a store is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from gocron_py.distributed.locker import TickLocker
from gocron_py.errors import ErrJobNotFound, LockError

if TYPE_CHECKING:
    from gocron_py.job import JobRecord, JobSpec
    from gocron_py.lifecycle import Lifecycle
    from gocron_py.registry import Registry

_HOLDS_HERE = "until it is resumed, no tick starts in this process; what other instances do is not known"
_STAYS = "it stays paused in this process; what other instances do is not known"


@final
class Pausing:
    """Pauses of one scheduler and its jobs.

    A pause is kept by the tick lockers' stores where there are any. One that a store could not be told of holds in this
    process all the same: who pauses wants less to happen.
    """

    def __init__(self, registry: Registry, life: Lifecycle) -> None:
        self._registry = registry
        self._life = life

    # -- the scheduler ---------------------------------------------------------------------------

    def pause(self) -> None:
        """See :meth:`Scheduler.pause <gocron_py.Scheduler.pause>`."""
        self._life.check_alive()
        registry, lockers = self._registry, self._lockers()
        # At first here, then elsewhere; and here for good only where nobody else keeps it.
        registry.paused = True
        for locker in lockers:
            try:
                locker.set_everything_paused(True)
            except LockError as error:
                error.add_note(_HOLDS_HERE)
                raise
        registry.paused = not lockers
        registry.report.info("gocron: scheduler paused")

    def resume(self) -> None:
        """See :meth:`Scheduler.resume <gocron_py.Scheduler.resume>`."""
        self._life.check_alive()
        for locker in self._lockers():
            try:
                locker.set_everything_paused(False)
            except LockError as error:
                error.add_note(_STAYS)
                raise
        self._registry.paused = False
        self._registry.report.info("gocron: scheduler resumed")

    def is_paused(self) -> bool:
        """See :meth:`Scheduler.is_paused <gocron_py.Scheduler.is_paused>`."""
        self._life.check_process()
        return self._registry.paused or any(locker.is_everything_paused() for locker in self._lockers())

    def _lockers(self) -> tuple[TickLocker, ...]:
        return self._registry.shared

    # -- a job -----------------------------------------------------------------------------------

    def pause_job(self, record: JobRecord) -> None:
        """See :meth:`Job.pause <gocron_py.Job.pause>`."""
        spec = self._spec_of(record)
        locker = spec.settings.tick_locker
        record.paused = True
        if locker is not None:
            try:
                locker.set_paused(spec.key, True)
            except LockError as error:
                error.add_note(_HOLDS_HERE)
                raise
            record.paused = False
        self._registry.report.info("gocron: job paused", "job", spec.name)

    def resume_job(self, record: JobRecord) -> None:
        """See :meth:`Job.resume <gocron_py.Job.resume>`."""
        spec = self._spec_of(record)
        locker = spec.settings.tick_locker
        if locker is not None:
            try:
                locker.set_paused(spec.key, False)
            except LockError as error:
                error.add_note(_STAYS)
                raise
        record.paused = False
        self._registry.report.info("gocron: job resumed", "job", spec.name)

    def is_job_paused(self, record: JobRecord) -> bool:
        """See :meth:`Job.is_paused <gocron_py.Job.is_paused>`."""
        spec = self._spec_of(record)
        locker = spec.settings.tick_locker
        return record.paused or (locker is not None and locker.is_paused(spec.key))

    def carry_over(self, record: JobRecord, former: JobSpec) -> None:
        """The job was updated: if that has given it another key or locker, its pause goes with it."""
        spec, locker = record.spec, former.settings.tick_locker
        place = spec.settings.tick_locker, spec.key
        if locker is None or (locker, former.key) == place or not locker.pauses.of_job(former.key):
            return
        record.paused = True
        if place[0] is not None:
            try:
                place[0].set_paused(spec.key, True)
            except LockError as error:
                self._registry.report.warn("gocron: job paused in this process only", "job", spec.name, "error", error)
            else:
                record.paused = False

    def _spec_of(self, record: JobRecord) -> JobSpec:
        self._life.check_process()
        with self._registry.lock:
            if record.removed:
                raise ErrJobNotFound(got=record.id)
            return record.spec
