"""What is done about crashes, outages and lateness: the policy of a tick locker, and of single jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, final

from gocron_py.distributed.decision import MOST_OWED
from gocron_py.errors import ErrInvalidArgument, check_kind
from gocron_py.instant import SECOND, Instant, Micros, micros_of
from gocron_py.schedules.description import DurationRandomJobSchedule

if TYPE_CHECKING:
    from gocron_py.schedules import Schedule
    from gocron_py.schedules.description import DescribedSchedule

MOST_CAUGHT_UP = MOST_OWED
"""``catch_up="all"`` runs so many missed ticks, the latest ones."""

LONGEST_CATCH_UP: Micros = 3600 * SECOND
"""``catch_up="latest"`` runs a missed tick this long after its time."""

LONGEST_START_DEADLINE: Micros = 60 * SECOND

# Further back than in this no tick is looked for.
_LONGEST_PERIOD: Micros = 400 * 86_400 * SECOND

# So many ticks of a schedule are looked at for the distance between them.
_PATTERN = 200

CatchUp = Literal["latest", "all", "none"]
OnCrash = Literal["skip", "rerun"]
OnStoreError = Literal["skip", "run"]


class PolicyOverrides(TypedDict, total=False):
    """The fields of :class:`TickPolicy`, as keyword arguments."""

    on_crash: OnCrash
    max_attempts: int
    catch_up: CatchUp
    start_deadline: timedelta | None
    lease: timedelta
    on_store_error: OnStoreError
    overlap: bool
    splay: timedelta
    key: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TickPolicy:
    """How a tick locker treats a job.

    :ivar on_crash: what becomes of a run whose process died. ``"skip"``: nothing, the tick is never
        begun twice. ``"rerun"``: another instance begins it again.
    :ivar max_attempts: for ``"rerun"``: how often a tick is begun in all.
    :ivar catch_up: which ticks are run late that no instance could run in time: the ``"latest"`` if it is at
        most an hour old, ``"all"`` (the last 100), ``"none"``.
    :ivar start_deadline: how late a run may begin, waits included. ``None``: the distance to the next tick,
        at most 60 s.
    :ivar lease: after this a silent holder counts as dead, where the store cannot tell; renewed in thirds.
    :ivar on_store_error: what an unreachable store means at the start deadline. ``"skip"``: the tick is not
        run. ``"run"``: it is run without a claim, on every instance that cannot reach the store.
    :ivar overlap: whether a tick may run while another run of the job goes on, on any instance.
    :ivar splay: shifts a ``duration_job`` by a time shorter than this, made of its name, so that many jobs of
        one interval do not start as one.
    :ivar key: the job's key in the store, in place of its name: a renamed job goes on as the same.
    """

    on_crash: OnCrash = "skip"
    max_attempts: int = 2
    catch_up: CatchUp = "latest"
    start_deadline: timedelta | None = None
    lease: timedelta = timedelta(seconds=30)
    on_store_error: OnStoreError = "skip"
    overlap: bool = False
    splay: timedelta = timedelta(0)
    key: str | None = None

    def __post_init__(self) -> None:
        """:raises ErrInvalidArgument: a field has an impossible value."""
        _check_choice(self.on_crash, "on_crash", ("skip", "rerun"))
        _check_choice(self.catch_up, "catch_up", ("latest", "all", "none"))
        _check_choice(self.on_store_error, "on_store_error", ("skip", "run"))
        check_kind(self.max_attempts, int, "max_attempts")
        check_kind(self.overlap, bool, "overlap")
        for name in "start_deadline", "lease", "splay":
            if name != "start_deadline" or self.start_deadline is not None:
                check_kind(getattr(self, name), timedelta, name)
        if not 1 <= self.max_attempts <= 1000:
            raise ErrInvalidArgument("max_attempts must be from 1 to 1,000", got=self.max_attempts)
        if self.start_deadline is not None and not timedelta(0) < self.start_deadline <= timedelta(days=1):
            raise ErrInvalidArgument("start_deadline must be more than 0, at most a day", got=self.start_deadline)
        if not timedelta(seconds=1) <= self.lease <= timedelta(days=1):
            raise ErrInvalidArgument("lease must be from 1 second to 1 day", got=self.lease)
        if self.splay < timedelta(0):
            raise ErrInvalidArgument("splay must not be negative", got=self.splay)
        if self.key is not None:
            check_kind(self.key, str, "key")
            if not self.key:
                raise ErrInvalidArgument("key must not be empty")

    def with_overrides(self, overrides: PolicyOverrides) -> TickPolicy:
        """The policy with some fields replaced.

        :raises ErrInvalidArgument: no such field, or an impossible value.
        """
        return replace(self, **check_names(overrides))

    # -- as the rules need it ----------------------------------------------------------------------

    @property
    def attempts(self) -> int:
        """How often a tick may be begun in all."""
        return self.max_attempts if self.on_crash == "rerun" else 1

    def deadline_of(self, schedule: Schedule, at: Instant) -> Micros:
        """How late the run of the tick *at* may begin."""
        if self.start_deadline is not None:
            return micros_of(self.start_deadline)
        return _distance(schedule, at)

    def wants(self, schedule: Schedule, at: Instant, now: Instant) -> bool:
        """Whether a tick of the schedule may still be begun at *now*."""
        late = now - at
        if late <= self.deadline_of(schedule, at):
            return True
        return at in self.owed(schedule, at, now)

    def owed(self, schedule: Schedule, since: Instant, now: Instant) -> list[Instant]:
        """The missed ticks that ``catch_up`` allows for, of those from *since* on to *now*."""
        most = 0 if self.catch_up == "none" or since > now else 1 if self.catch_up == "latest" else MOST_CAUGHT_UP
        return self.worth(recent(schedule, since, now, most), now) if most else []

    def worth(self, ticks: Sequence[Instant], now: Instant) -> list[Instant]:
        """Those of some missed ticks, ascending, that ``catch_up`` allows for."""
        if self.catch_up == "all":
            return list(ticks[-MOST_CAUGHT_UP:])
        return [at for at in ticks[-1:] if now - at <= LONGEST_CATCH_UP and self.catch_up == "latest"]

    def is_behind(self, schedule: Schedule, at: Instant, now: Instant) -> bool:
        """Whether a tick that is due is to wait for its turn among those that were missed."""
        return self.catch_up == "all" and now - at > self.deadline_of(schedule, at)

    def period(self, schedule: Schedule, now: Instant) -> Instant:
        """When the period of the schedule began that *now* is in: its last tick, or the start deadline ago."""
        last = recent(schedule, now - _LONGEST_PERIOD, now, 1)
        return last[0] if last else now - self.deadline_of(schedule, now)

    def following(self, schedule: Schedule, tick: Instant, now: Instant) -> Instant | None:
        """The first tick after *tick* that is still to be tried at *now*. The others are stepped over by arithmetic.

        With ``catch_up="all"`` those too that are caught up with, for they have their turn one after the other.
        """
        after = schedule.next(tick)
        if after is None or after > now:
            return after
        in_time = schedule.resume(after, now - self.deadline_of(schedule, after))
        owed = [] if self.catch_up == "all" else self.owed(schedule, after, now)
        return min((at for at in (in_time, *owed[:1]) if at is not None), default=None)


@lru_cache(256)  # a claim asks two times, and to search for the next tick costs as much as to write the record
def _distance(schedule: Schedule, at: Instant) -> Micros:
    """From a tick to the next one, at most 60 s."""
    following = schedule.next(at)
    return LONGEST_START_DEADLINE if following is None else min(following - at, LONGEST_START_DEADLINE)


def recent(schedule: Schedule, since: Instant, now: Instant, most: int) -> list[Instant]:
    """The last ticks, at most so many, of those from *since* on to *now*. A year of seconds is not walked.

    How far back they reach is found by doubling, then by halving where that was much too far.
    """
    limit = 2 * most + 16
    too_short, too_long, reach = 0, 0, 1
    while True:
        begin = max(since, now - reach)
        ticks = list(islice(_walk(schedule, schedule.next(begin - 1), now), limit + 1))
        if len(ticks) > limit:
            too_long = reach
        elif len(ticks) >= most or begin == since:
            return ticks[-most:]
        else:
            too_short = reach
        reach = (too_short + too_long) // 2 if too_long else 2 * reach


def _walk(schedule: Schedule, tick: Instant | None, now: Instant) -> Iterator[Instant]:
    while tick is not None and tick <= now:
        yield tick
        tick = schedule.next(tick)


def check_pace(schedule: DescribedSchedule, now: Instant, shortest: timedelta) -> None:
    """See to it that the ticks of a schedule are not too many for a store.

    Of a random schedule its bounds tell, of the others the next ticks: a pattern shows within so many.

    :param shortest: ticks must be so far apart at least.
    :raises ErrInvalidArgument: they are not.
    """
    gap = shortest
    described = schedule.describe()
    if isinstance(described, DurationRandomJobSchedule):
        gap = described.min
    else:
        tick = schedule.next(now)
        for _ in range(_PATTERN):
            following = None if tick is None else schedule.next(tick)
            if tick is None or following is None:
                break
            gap = min(gap, timedelta(microseconds=following - tick))
            tick = following
    if gap < shortest:
        raise ErrInvalidArgument(
            f"the store is for ticks that are {_seconds(shortest)} s apart or more; these are {_seconds(gap)} s"
        )


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.6f}".rstrip("0").rstrip(".")


def check_names(overrides: PolicyOverrides) -> PolicyOverrides:
    """:raises ErrInvalidArgument: there is no such field in a policy."""
    known = [field.name for field in fields(TickPolicy)]
    for name in overrides:
        if name not in known:
            raise ErrInvalidArgument(f"a tick policy has no {name!r:.40}; it has {', '.join(known)}")
    return overrides


def policy_of(**overrides: Unpack[PolicyOverrides]) -> TickPolicy:
    """A policy that differs from the default in *overrides*.

    :raises ErrInvalidArgument: no such field, or an impossible value.
    """
    return TickPolicy().with_overrides(overrides)


def _check_choice(value: Any, name: str, choices: tuple[str, ...]) -> None:
    if value not in choices or not isinstance(value, str):
        raise ErrInvalidArgument(f"{name} must be one of {', '.join(map(repr, choices))}", got=value)
