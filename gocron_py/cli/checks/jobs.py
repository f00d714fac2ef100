"""Names of jobs, which are the keys of locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gocron_py.cli.checks import Finding, State
from gocron_py.scheduler import Scheduler


def check_jobs(scheduler: Scheduler) -> Iterator[Finding]:
    """Two jobs of one name: under a tick locker they take each other's ticks."""
    names = Counter(job.name() for job in scheduler.jobs())
    is_shared = bool(scheduler.tick_lockers())
    twice = sorted(name for name, count in names.items() if count > 1)
    total = names.total()
    locker = "under a tick locker" if is_shared else "without a tick locker"
    yield Finding("jobs", State.OK if total else State.WARNING, f"{total} job{'' if total == 1 else 's'}, {locker}")
    for name in twice:
        state = State.FAILURE if is_shared else State.WARNING
        yield Finding("jobs", state, f"{names[name]} jobs are called {name!r:.120}, which is the key of their locks")
