"""The JSON documents of the API. The pages are drawn from the same ones."""

from __future__ import annotations

import heapq
import os
import socket
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, final
from uuid import UUID

from gocron_py import words
from gocron_py.dashboard.documents import HOUR, Document, iso, limits, run, summary, ticks, timeline_row, when
from gocron_py.dashboard.fleet import fleet, latest_runs, stores
from gocron_py.dashboard.happenings import events
from gocron_py.dashboard.queries import EventQuery, JobQuery
from gocron_py.dashboard.snapshot import STATES, JobState, Observer

if TYPE_CHECKING:
    from gocron_py.distributed.locker import TickLocker

# How much is shown: on the overview of each list, on the job's page.
_FEW: Final = 8
_NEXT_RUNS: Final = 10


@final
class Answers:
    """Makes the documents about one scheduler."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def overview(self) -> Document:
        """The scheduler, counts, and the jobs that are worth a look."""
        seen = self._observer.look()
        jobs = seen.jobs
        states = Counter(state for job in jobs for state in job.states)
        troubled = [job for job in jobs if "failed" in job.states or "late" in job.states]
        running = [job for job in jobs if job.running]
        lockers = self._lockers()
        planned = heapq.nsmallest(_FEW, (job for job in jobs if job.next is not None), key=lambda job: job.next or 0)
        return {
            "scheduler": self._scheduler(),
            "counts": {"jobs": len(jobs), **{state: states[state] for state in STATES}},
            "attention": [summary(seen, job) for job in _latest(troubled)],
            "running": [summary(seen, job) for job in _latest(running)],
            "next": [summary(seen, job) for job in planned],
            "latest": events(seen, lockers, EventQuery(per_page=_FEW), elsewhere=not lockers)[0],
            "shared": bool(lockers),
            "fleet": latest_runs(self._observer.scheduler, seen, _FEW),
        }

    def jobs(self, query: JobQuery) -> Document:
        """A page of the jobs that match."""
        seen = self._observer.look()
        matching = query.select(seen.jobs)
        first = (query.page - 1) * query.per_page
        return {
            "jobs": [summary(seen, job) for job in matching[first : first + query.per_page]],
            "total": len(seen.jobs),
            "matching": len(matching),
            "page": query.page,
            "pages": max(-(-len(matching) // query.per_page), 1),
        }

    def tags(self) -> list[str]:
        """The tags in use, the most frequent ones."""
        counts = Counter(tag for job in self._observer.look().jobs for tag in job.spec.settings.tags)
        return sorted(tag for tag, _ in counts.most_common(100))

    def job(self, job_id: UUID) -> Document | None:
        """Everything about one job; ``None``: it is not there."""
        seen = self._observer.look_at(job_id)
        if not seen.jobs:
            return None
        (job,) = seen.jobs
        spec, schedule = job.spec, job.job.schedule()
        return {
            **summary(seen, job),
            "definition": words.definition(schedule),
            "zone": words.zone_name(seen.location),
            "dst_policy": spec.settings.dst_policy.name.lower(),
            "limits": list(limits(seen, job)),
            "locker": type(locker).__name__ if (locker := spec.settings.locker) else None,
            "history_size": spec.settings.history_size,
            "next_runs": [iso(seen, tick) for tick in ticks(job, _NEXT_RUNS)],
            "runs": [run(seen, entry) for entry in reversed(job.history)],
        }

    def timeline(self, query: JobQuery) -> Document:
        """What ran in the last hour, and what is due in the next one."""
        seen = self._observer.look()
        rows = []
        for job in query.select(seen.jobs):
            recent = [entry for entry in job.history if when(entry) >= seen.now - HOUR]
            if recent or job.running or (job.next is not None and job.next < seen.now + HOUR):
                rows.append((job, recent))
        first = (query.page - 1) * query.per_page
        return {
            "span": 3600,
            "jobs": [timeline_row(seen, job, recent) for job, recent in rows[first : first + query.per_page]],
            "matching": len(rows),
            "page": query.page,
            "pages": max(-(-len(rows) // query.per_page), 1),
        }

    def events(self, query: EventQuery) -> Document:
        """The runs of all jobs, from their histories, the latest first."""
        found, matching = events(self._observer.look(), self._lockers(), query)
        return {
            "events": found,
            "matching": matching,
            "page": query.page,
            "pages": max(-(-matching // query.per_page), 1),
        }

    def instances(self) -> Document:
        """Who shares a store with this process."""
        scheduler = self._observer.scheduler
        return fleet(scheduler, self._observer.look())

    def _lockers(self) -> list[TickLocker]:
        return self._observer.scheduler.tick_lockers()

    @property
    def _settings(self) -> Any:
        return self._observer.scheduler._settings

    def _scheduler(self) -> Document:
        scheduler, settings = self._observer.scheduler, self._settings
        return {
            "state": self._state(),
            "paused": self._is_paused(),
            "zone": words.zone_name(settings.location),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": _version(),
            "waiting": scheduler.jobs_waiting_in_queue(),
            "leader": scheduler.leads(),
            "stores": stores(scheduler),
        }

    def _state(self) -> str:
        registry = self._observer.scheduler._registry
        if registry.closed:
            return "shut_down"
        if not registry.scheduling:
            return "stopped"
        return "paused" if self._is_paused() else "started"

    def _is_paused(self) -> bool:
        # As it is known here: a page asks no store.
        registry = self._observer.scheduler._registry
        return registry.paused or any(locker.pauses.everything for locker in registry.shared)


def _version() -> str:
    try:
        return version("gocron_py")
    except PackageNotFoundError:  # run from a checkout
        return "unknown"


def _latest(jobs: Iterable[JobState]) -> list[JobState]:
    return heapq.nlargest(_FEW, jobs, key=lambda job: job.started or 0)
