"""Which runs may go at once: singleton mode of a job, the limit of a scheduler. Called under the registry's lock."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from gocron_py.job import JobRecord
    from gocron_py.run import Run

# So many runs may wait; Go's channels have this size and block the scheduler beyond it.
LONGEST_QUEUE = 1000


class LimitMode(Enum):
    """What happens to a tick over the limit (Go: ``LimitMode``)."""

    RESCHEDULE = 1
    """It is dropped; the job runs at its next tick (Go: ``LimitModeReschedule``)."""
    WAIT = 2
    """It waits in a queue until there is room (Go: ``LimitModeWait``)."""


class Admission(Enum):
    """The answer to a run that asks to go."""

    GO = "go"
    WAIT = "wait"
    LIMIT = "limit"
    """Refused by the scheduler's limit."""
    SINGLETON = "singleton"
    """Refused because the job is running."""
    SILENT = "silent"
    """As SINGLETON under a scheduler's limit, where Go tells nobody."""


@final
class Limits:
    """Counts the runs that were let through; the queue of those that wait for the scheduler's limit.

    :param limit: the most runs at once; ``None``: no limit, then each job's singleton mode counts.
    """

    __slots__ = ("_active", "_limit", "_mode", "queue")

    def __init__(self, limit: int | None, mode: LimitMode) -> None:
        self._limit = limit
        self._mode = mode
        self._active = 0
        self.queue: deque[Run] = deque()

    def admit(self, run: Run) -> Admission:
        """Ask for a run to go. GO must be answered by :meth:`release` when it is over."""
        record, mode = run.record, run.spec.settings.singleton
        if self._limit is not None:
            answer = self._within(self._limit, run)
        elif mode is None or not record.admitted:
            answer = Admission.GO
        else:
            answer = _beside_another(record, mode, run)
        if answer is Admission.GO:
            self._active += 1
            record.admitted += 1
        return answer

    def _within(self, limit: int, run: Run) -> Admission:
        if self._active >= limit:
            if self._mode is LimitMode.RESCHEDULE:
                return Admission.LIMIT
            return _join(self.queue, run, Admission.LIMIT)
        if run.spec.settings.singleton is not None and run.record.admitted:
            return Admission.SILENT
        return Admission.GO

    def release(self, run: Run) -> Run | None:
        """A run is over. Gives the next one that waited; it has been let through."""
        self._active -= 1
        record = run.record
        record.admitted -= 1
        queue = self.queue if self._limit is not None else None if record.admitted else record.waiting
        while queue:
            following = queue.popleft()
            if following.is_current() and self.admit(following) is Admission.GO:
                return following
            following.give_back()
        return None

    def forget(self, waiting: deque[Run] | None) -> None:
        """Drop the runs of *waiting*; none of them was let through."""
        while waiting:
            waiting.popleft().give_back()


def _beside_another(record: JobRecord, mode: LimitMode, run: Run) -> Admission:
    """While another run of the job goes on."""
    if mode is LimitMode.RESCHEDULE:
        return Admission.SINGLETON
    if record.waiting is None:
        record.waiting = deque()
    return _join(record.waiting, run, Admission.SINGLETON)


def _join(queue: deque[Run], run: Run, full: Admission) -> Admission:
    if len(queue) >= LONGEST_QUEUE:
        return full
    queue.append(run)
    return Admission.WAIT
