"""A job of a started scheduler, as the keeper of its tick locker knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from gocron_py.distributed.claim import LONGEST_EARLY
from gocron_py.distributed.decision import Record
from gocron_py.distributed.elector import CampaigningElector
from gocron_py.distributed.errands import Errand, Errands
from gocron_py.distributed.owed import Owed, from_last, noted
from gocron_py.distributed.policy import TickPolicy
from gocron_py.distributed.tick import TickKind
from gocron_py.instant import Instant

if TYPE_CHECKING:
    from gocron_py.reporter import Reporter
    from gocron_py.schedules import Schedule


@final
@dataclass(slots=True, eq=False)
class Attendance:
    """A job whose ticks this process looks after.

    :ivar is_current: whether that is still so.
    :ivar offer: hands an errand to the scheduler. Gives whether it was taken; then the errand is told when it is over.
    :ivar elector: the job's; ``None`` where it has none, or a user's own, which is asked for runs only: it may take its
        time.
    :ivar owes: the ticks to catch up with that the record is not known to have. ``None``: none.
    :ivar version: of the record at the last look, if there is nothing to be done before it changes.
    """

    key: str
    policy: TickPolicy
    schedule: Schedule
    kind: TickKind
    now: Callable[[], Instant]
    report: Reporter
    is_current: Callable[[], bool]
    offer: Callable[[Errand], bool]
    elector: CampaigningElector | None
    errands: Errands
    owes: Owed | None
    version: object = field(default=None)

    def leads(self) -> bool | None:
        """What the elector says from memory."""
        return None if self.elector is None else self.elector.leads()

    def begins_to_lead(self) -> None:
        """From now on runs are here. What came while nobody led is as what came while nobody was there."""
        self.owes = from_last(self.owes, self.now() + 1)

    def noted(self, record: Record, owed: Owed | None, resumed: Instant, now: Instant) -> Record:
        """See :func:`~gocron_py.distributed.owed.noted`."""
        if self.kind is TickKind.DYNAMIC:  # its ticks are not known beforehand
            return record
        # By this machine's clock, where its list of ticks begins, unless it is so far ahead that nobody believes it.
        mine = self.now()
        return noted(record, owed, self.schedule, self.policy, now if mine > now + LONGEST_EARLY else mine, resumed)


@final
class Attended:
    """The jobs that a keeper looks after. They change under its lock; :meth:`of` is for any thread."""

    __slots__ = ("_by_key", "jobs")

    def __init__(self) -> None:
        self.jobs: list[Attendance] = []
        self._by_key: dict[str, list[Attendance]] = {}

    def add(self, jobs: Iterable[Attendance]) -> None:
        """From now on these too."""
        for job in jobs:
            self.jobs.append(job)
            self._by_key.setdefault(job.key, []).append(job)

    def current(self) -> list[Attendance]:
        """Those that are; the others are forgotten."""
        if not all(job.is_current() for job in self.jobs):
            kept = Attended()
            kept.add(job for job in self.jobs if job.is_current())
            self.jobs, self._by_key = kept.jobs, kept._by_key
        return list(self.jobs)

    def of(self, key: str) -> Sequence[Attendance]:
        """Those with that key: of several schedulers, say."""
        return self._by_key.get(key, ())
