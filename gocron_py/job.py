"""A job: what it is to do (:class:`JobSpec`), what became of it (:class:`JobRecord`), its handle (:class:`Job`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from datetime import datetime, tzinfo
from random import Random
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, final
from uuid import UUID

from gocron_py.context import Context
from gocron_py.distributed.tick import TickKind
from gocron_py.errors import ErrInvalidArgument
from gocron_py.instant import LAST, Instant, datetime_of
from gocron_py.monitor import JobStatus, RunRecord
from gocron_py.schedules.description import DescribedSchedule, JobSchedule
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy

if TYPE_CHECKING:
    from gocron_py.distributed import Elector, Locker, TickLocker
    from gocron_py.distributed.pauses import Pauses
    from gocron_py.distributed.policy import PolicyOverrides, TickPolicy
    from gocron_py.limits import LimitMode
    from gocron_py.listeners import Listeners
    from gocron_py.run import Run
    from gocron_py.scheduler import Scheduler
    from gocron_py.task import Task

T = TypeVar("T")

DEFAULT_HISTORY_SIZE = 20

Surroundings = Callable[[], AbstractContextManager[object]]

NO_LISTENERS: Listeners = {}
NO_OVERRIDES: PolicyOverrides = {}


@final
class JobSettings:
    """What the options of one ``new_job`` or ``update`` said. Jobs without any share one."""

    __slots__ = (
        "disabled_locker",
        "dst_policy",
        "elector",
        "executor",
        "history_size",
        "interval_from_completion",
        "limited_runs",
        "listeners",
        "locker",
        "name",
        "needs_context",
        "overrides",
        "parent_context",
        "pauses",
        "policy",
        "singleton",
        "stop",
        "surroundings",
        "tags",
        "tick_locker",
    )

    def __init__(self) -> None:
        self.name: str | None = None
        self.tags: tuple[str, ...] = ()
        self.parent_context: Context | None = None
        self.singleton: LimitMode | None = None
        self.limited_runs: int | None = None
        self.interval_from_completion = False
        self.dst_policy = DaylightSavingsTimePolicy.DEFAULT
        self.stop: Instant | None = None
        # Whom its runs ask; the scheduler's, where the job has none of its own.
        self.locker: Locker | None = None
        self.elector: Elector | None = None
        # Under a tick locker: what the options say, and what is in force.
        self.overrides: PolicyOverrides = NO_OVERRIDES
        self.tick_locker: TickLocker | None = None
        self.policy: TickPolicy | None = None
        self.pauses: Pauses | None = None
        self.disabled_locker = False
        self.listeners: Listeners = NO_LISTENERS
        self.executor: Executor | None = None
        # Entered around the task, the first one outermost.
        self.surroundings: tuple[Surroundings, ...] = ()
        self.history_size = DEFAULT_HISTORY_SIZE
        # Whether anybody looks at the context of a run, whatever its task is.
        self.needs_context = False


@final
class JobSpec:
    """What one ``new_job`` or ``update`` said; only read."""

    # Most jobs have no option: what only options say is elsewhere, so that a job is small.
    __slots__ = (
        "key",
        "kind",
        "name",
        "needs_context",
        "schedule",
        "settings",
        "start",
        "start_immediately",
        "task",
    )

    schedule: DescribedSchedule

    def __init__(self, task: Task, name: str, settings: JobSettings) -> None:
        self.task = task
        self.name = name
        self.settings = settings
        # The key of its lock, and what the ticks on the schedule are.
        self.key = name
        self.kind = TickKind.GRID
        self.start: Instant | None = None
        self.start_immediately = False
        # Whether anybody looks at the context of the job's runs.
        self.needs_context = settings.needs_context or task.takes_context

    def ticks(self, first: Instant | None, most: int, until: Instant | None = None) -> list[Instant]:
        """*first* and what follows: at most so many, before the stop time and *until*. May call a user's schedule."""
        end = min((moment for moment in (self.settings.stop, until) if moment is not None), default=LAST + 1)
        ticks: list[Instant] = []
        tick = first
        while tick is not None and tick < end and len(ticks) < most:
            ticks.append(tick)
            tick = self.schedule.next(tick)
        return ticks

    def is_unguarded(self) -> bool:
        """Whether each of several processes runs it, and nobody has said that this is meant."""
        settings = self.settings
        return settings.locker is None and settings.elector is None and not settings.disabled_locker


LockAnswer = Literal["won", "held", "error"] | None

# One line of a job's history: scheduled, started, completed, outcome, error, attempt, fence, lock. Job.history makes it
# a RunRecord.
RunEntry = tuple[Instant, Instant | None, Instant | None, str, str | None, int, int | None, LockAnswer]
_ENTRY_LENGTH = 8


@final
class JobRecord:
    """The state of one job. All of it is read and written under the registry's lock."""

    __slots__ = (
        "admitted",
        "cancel",
        "completed",
        "context",
        "counted",
        "ended",
        "ending",
        "entry",
        "executing",
        "immediate",
        "lines",
        "next",
        "number",
        "paused",
        "removed",
        "spec",
        "start",
        "started",
        "ticked",
        "waiting",
    )

    def __init__(self, number: int, spec: JobSpec) -> None:
        # The job's id. A UUID lives at the borders only: to make one takes as long as a tenth of new_job.
        self.number = number
        self.spec = spec
        self.removed = False
        # In this process; a pause that the store keeps is in the spec's pauses.
        self.paused = False
        # The timeline: number of the valid heap entry (0: none), the last tick that was taken from
        # it, the next one, the first one.
        self.entry = 0
        self.ticked: Instant | None = None
        self.next: Instant | None = None
        self.start = spec.start
        # Whether the next tick is that of with_start_immediately.
        self.immediate = False
        # No tick follows before the stop time: the job goes when its last run ends.
        self.ending = False
        # Runs: let through by the limits, executing their task, counted for with_limited_runs.
        self.admitted = 0
        self.executing = 0
        self.counted = 0
        self.waiting: deque[Run] | None = None
        # Made when a run first needs it: most jobs never look at their context.
        self.context: Context | None = None
        self.cancel: Callable[[], None] | None = None
        self.started: Instant | None = None
        self.completed: Instant | None = None
        # When the task ended whose end is in `completed`, on the monotonic clock.
        self.ended = 0
        # The history, end to end: one tuple of numbers and texts for each job, whatever it has run. A tuple for each
        # run would be one more thing that stays, and by their number the garbage collector decides when to look at
        # everything: with 20,000 jobs that is a pause of 30 to 80 ms (benchmarks/).
        self.lines: tuple[Any, ...] = ()

    @property
    def id(self) -> UUID:
        """The number as users see it."""
        return UUID(int=self.number)

    def cancel_context(self) -> Callable[[], None] | None:
        """Forget the context; the caller cancels it, after the lock is released."""
        cancel, self.context, self.cancel = self.cancel, None, None
        return cancel

    @property
    def history(self) -> tuple[RunEntry, ...]:
        """The last runs, oldest first."""
        lines = self.lines
        return tuple(cast("RunEntry", lines[at : at + _ENTRY_LENGTH]) for at in range(0, len(lines), _ENTRY_LENGTH))

    def remember(self, entry: RunEntry) -> None:
        """Add a line to the history."""
        lines, most = self.lines, self.spec.settings.history_size * _ENTRY_LENGTH
        if most:
            rest = len(lines) + _ENTRY_LENGTH - most
            self.lines = (lines[rest:] if rest > 0 else lines) + entry


@final
class Job:
    """The handle of a job (Go: ``Job``). It stays valid over updates, and tells when the job is gone.

    Name, tags and schedule are those of the call that gave this handle. All methods may be called from any
    thread, from tasks and listeners too. After removal the methods that ask for state raise
    :exc:`ErrJobNotFound <gocron_py.ErrJobNotFound>`, in a forked child
    :exc:`ErrSchedulerForked <gocron_py.ErrSchedulerForked>`.
    """

    __slots__ = ("_record", "_scheduler", "_spec")

    def __init__(self, scheduler: Scheduler, record: JobRecord, spec: JobSpec) -> None:
        self._scheduler = scheduler
        self._record = record
        self._spec = spec

    def id(self) -> UUID:
        """The identifier: given by ``with_identifier``, or random."""
        return self._record.id

    def name(self) -> str:
        """The name: given by ``with_name``, or the module and qualified name of the function."""
        return self._spec.name

    def tags(self) -> list[str]:
        """The tags, as given."""
        return list(self._spec.settings.tags)

    def schedule(self) -> JobSchedule:
        """The definition as data: a ``CronJobSchedule``, ``DailyJobSchedule``, …"""
        return self._spec.schedule.describe()

    def is_running(self) -> bool:
        """Whether the task is being executed at this moment, by this scheduler.

        :raises ErrJobNotFound: the job was removed.
        """
        return self._read(lambda record: record.executing) > 0

    def last_run(self) -> datetime | None:
        """The same as :meth:`last_run_started_at`; deprecated in Go, kept for ported code."""
        return self.last_run_started_at()

    def last_run_started_at(self) -> datetime | None:
        """When the task was last started, aware, in the scheduler's location; ``None``: never.

        :raises ErrJobNotFound: the job was removed.
        """
        return self._datetime(self._read(lambda record: record.started))

    def last_run_completed_at(self) -> datetime | None:
        """When the task last ended, aware, in the scheduler's location; ``None``: never.

        :raises ErrJobNotFound: the job was removed.
        """
        return self._datetime(self._read(lambda record: record.completed))

    def next_run(self) -> datetime | None:
        """The next tick, aware, in the scheduler's location.

        ``None``: there is none, or not before the scheduler starts, or it is shut down.

        :raises ErrJobNotFound: the job was removed.
        """
        return self._datetime(self._read(lambda record: record.next))

    def next_runs(self, n: int) -> list[datetime]:
        """The next *n* ticks, fewer if the schedule ends; empty before the scheduler starts.

        :raises ErrInvalidArgument: *n* is not a number of zero or more.
        :raises ErrJobNotFound: the job was removed.
        """
        if not isinstance(n, int) or isinstance(n, bool) or n < 0:
            raise ErrInvalidArgument("next_runs takes a number of zero or more", got=n)
        first, spec = self._read(lambda record: (record.next, record.spec))
        location = self._location
        return [datetime_of(tick, location) for tick in spec.ticks(first, n)]

    def run_now(self) -> None:
        """Have the job run once more, at once, beside its schedule. Returns when the run is handed over.

        Locks, limits and listeners hold as for any run.

        :raises ErrJobRunNowFailed: the scheduler is not started, or the job has no run left.
        :raises ErrJobNotFound: the job was removed.
        """
        self._scheduler._run_now(self._record)

    def pause(self) -> None:
        """Start no tick of the job until :meth:`resume`; a run that goes on goes on. Not in Go.

        A tick that comes meanwhile is skipped, with the reason ``paused`` in the history; ``run_now`` still runs.
        Under a tick locker the store keeps the pause: it holds for all instances, and over restarts.
        Without one it is this process's, until it ends. Pausing twice is pausing once.

        :raises ErrJobNotFound: the job was removed.
        :raises StoreError: the store could not be told; then the job is paused in this process only.
        """
        self._scheduler._pausing.pause_job(self._record)

    def resume(self) -> None:
        """Have the ticks start again, from the next one on. Nobody catches up with those of the pause. Not in Go.

        :raises ErrJobNotFound: the job was removed.
        :raises StoreError: the store could not be told; the job stays paused.
        """
        self._scheduler._pausing.resume_job(self._record)

    def is_paused(self) -> bool:
        """Whether the job was paused; that of a scheduler is another matter. Not in Go.

        A pause by another instance is seen at the next look at the store.

        :raises ErrJobNotFound: the job was removed.
        :raises StoreError: the scheduler was not started yet, and the store cannot be asked.
        """
        return self._scheduler._pausing.is_job_paused(self._record)

    def history(self) -> list[RunRecord]:
        """The last runs, oldest first (``with_history_size``, 20 by default).

        :raises ErrJobNotFound: the job was removed.
        """
        entries = self._read(lambda record: record.history)
        return [self._run_record(entry) for entry in entries]

    def _run_record(self, entry: RunEntry) -> RunRecord:
        show = self._datetime
        scheduled, started, completed, outcome, error, attempt, fence, lock = entry
        return RunRecord(
            scheduled=datetime_of(scheduled, self._location),
            started=show(started),
            completed=show(completed),
            outcome=JobStatus(outcome),
            error=error,
            attempt=attempt,
            fence=fence,
            lock=lock,
        )

    def _read(self, question: Callable[[JobRecord], T]) -> T:
        return self._scheduler._ask(self._record, question)

    @property
    def _location(self) -> tzinfo:
        return self._scheduler._settings.location

    def _datetime(self, instant: Instant | None) -> datetime | None:
        return None if instant is None else datetime_of(instant, self._location)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other._record is self._record

    def __hash__(self) -> int:
        return hash(self._record.number)

    def __repr__(self) -> str:
        return f"<Job {self._spec.name!r} {self._record.id}>"


# Of the 128 bits of an id, six say that it is a random one (RFC 9562, version 4).
_RANDOM_BITS = ~(0xF << 76 | 0x3 << 62)
_VERSION_4 = 0x4 << 76 | 0x2 << 62


def random_id(dice: Random) -> int:
    """The number of a UUID of version 4."""
    return dice.getrandbits(128) & _RANDOM_BITS | _VERSION_4


def sorted_by_id(jobs: Sequence[Job]) -> list[Job]:
    """By the bytes of the id, as Go's ``Jobs()``."""
    return sorted(jobs, key=lambda job: job._record.number)
