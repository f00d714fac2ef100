"""Job definitions: *when* a job runs, as values to be given to ``new_job``.

As in Go a definition says nothing until a scheduler builds its schedule: a wrong *value* is
found then, in the order in which Go looks at them. A wrong *kind* of object, which Go's
compiler would refuse, is refused by the functions here at once. ``None`` stands for Go's nil.

Where Go wraps lists in functions, any Python collection will do, and a naive
:class:`datetime.time` serves as a time of day::

    weekly_job(1, [Weekday.MONDAY, Weekday.FRIDAY], [time(9, 30), time(17)])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta, tzinfo
from typing import final

from dateutil.rrule import rrule, rruleset

from gocron_py.errors import (
    ErrDailyJobAtTimeNil,
    ErrDailyJobAtTimesNil,
    ErrDailyJobHours,
    ErrDailyJobMinutesSeconds,
    ErrDailyJobZeroInterval,
    ErrDurationJobIntervalNegative,
    ErrDurationJobIntervalZero,
    ErrDurationRandomJobMinMax,
    ErrDurationRandomJobPositive,
    ErrInvalidArgument,
    ErrMonthlyJobAtTimeNil,
    ErrMonthlyJobAtTimesNil,
    ErrMonthlyJobDays,
    ErrMonthlyJobDaysNil,
    ErrMonthlyJobHours,
    ErrMonthlyJobMinutesSeconds,
    ErrMonthlyJobZeroInterval,
    ErrNoNextRun,
    ErrOneTimeJobStartDateTimePast,
    ErrWeeklyJobAtTimeNil,
    ErrWeeklyJobAtTimesNil,
    ErrWeeklyJobDaysOfTheWeekNil,
    ErrWeeklyJobHours,
    ErrWeeklyJobMinutesSeconds,
    ErrWeeklyJobZeroInterval,
    GocronError,
    check_kind,
)
from gocron_py.instant import LAST, Instant, Micros, datetime_of, instant_of, micros_of
from gocron_py.schedules.arguments import (
    AtTime,
    AtTimeErrors,
    AtTimes,
    DaysOfTheMonth,
    OneTimeJobStartAtOption,
    Weekdays,
    check_collection,
    frozen_times,
    new_at_time,
    new_at_times,
    new_days_of_the_month,
    new_weekdays,
    one_time_job_start_date_time,
    one_time_job_start_date_times,
    one_time_job_start_immediately,
    time_from_at_time,
    times_of_day,
    weekday_of,
)
from gocron_py.schedules.calendar import DailySchedule, MonthlySchedule, WeeklySchedule
from gocron_py.schedules.cron import (
    Cron,
    CronSchedule,
    CustomSearch,
    DefaultCron,
    check_verdict,
    never_again,
    search_for,
)
from gocron_py.schedules.description import DescribedSchedule
from gocron_py.schedules.grid import GridSchedule, RandomGridSchedule, share_of
from gocron_py.schedules.interval import DurationRandomSchedule, shared_duration
from gocron_py.schedules.one_time import OneTimeSchedule
from gocron_py.schedules.recurrence import RRuleSchedule
from gocron_py.schedules.wall_time import DaylightSavingsTimePolicy, Weekday

# Intervals of days, weeks and months on a common grid count from here.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - in whatever zone

__all__ = (
    "AtTime",
    "AtTimes",
    "Cron",
    "DaysOfTheMonth",
    "JobDefinition",
    "OneTimeJobStartAtOption",
    "Setup",
    "Weekdays",
    "cron_job",
    "daily_job",
    "duration_job",
    "duration_random_job",
    "monthly_job",
    "new_at_time",
    "new_at_times",
    "new_days_of_the_month",
    "new_default_cron",
    "new_weekdays",
    "one_time_job",
    "one_time_job_start_date_time",
    "one_time_job_start_date_times",
    "one_time_job_start_immediately",
    "rrule_job",
    "time_from_at_time",
    "weekly_job",
)


@dataclass(slots=True)
class Setup:
    """What a scheduler tells the options and the definition about the job in the making, and they one another.

    :ivar location: the scheduler's.
    :ivar now: on the scheduler's clock.
    :ivar cron: of ``with_cron_implementation``.
    :ivar start: of ``with_start_at``; may be in the past.
    :ivar start_immediately: of ``with_start_at``; a definition may set it.
    :ivar start_location: the zone of *start*, where it has one.
    :ivar grid: under a tick locker the job's key: its ticks are those of a grid that instances share.
    :ivar splay: what the job may be shifted by on the grid.
    :ivar number: that of the id of ``with_identifier``; 0: none.
    """

    location: tzinfo
    now: Instant
    dst_policy: DaylightSavingsTimePolicy = DaylightSavingsTimePolicy.DEFAULT
    cron: Cron | None = None
    start: Instant | None = None
    start_immediately: bool = False
    start_location: tzinfo | None = None
    grid: str | None = None
    splay: Micros = 0
    number: int = 0

    def anchor(self) -> date | None:
        """The day from which intervals of days, weeks and months are counted: on the grid the start's."""
        if self.grid is None:
            return None
        if self.start is None or self.start_immediately:
            return _EPOCH.date()
        return datetime_of(self.start, self.location).date()

    def usable(self, schedule: DescribedSchedule, never: Callable[[], GocronError]) -> DescribedSchedule:
        """*schedule*, if it has a tick left after the job's first run; else what *never* makes is raised."""
        start = self.now if self.start is None or self.start_immediately else self.start
        tick = schedule.next(start) if start >= self.now else schedule.resume(start, self.now)
        if tick is None:
            raise never()
        return schedule


class JobDefinition:
    """When a job runs (Go: ``JobDefinition``); made by the functions below."""

    # No ABC: whether an object is one of those is asked for each new job, and takes four times as long.
    __slots__ = ()

    def build(self, setup: Setup) -> DescribedSchedule:
        """The schedule of one job.

        :raises ValidationError: a wrong value, or a schedule that never runs.
        """
        raise NotImplementedError


_DAILY = AtTimeErrors(ErrDailyJobAtTimesNil, ErrDailyJobAtTimeNil, ErrDailyJobHours, ErrDailyJobMinutesSeconds)
_WEEKLY = AtTimeErrors(ErrWeeklyJobAtTimesNil, ErrWeeklyJobAtTimeNil, ErrWeeklyJobHours, ErrWeeklyJobMinutesSeconds)
_MONTHLY = AtTimeErrors(
    ErrMonthlyJobAtTimesNil, ErrMonthlyJobAtTimeNil, ErrMonthlyJobHours, ErrMonthlyJobMinutesSeconds
)


@final
@dataclass(frozen=True, slots=True)
class _CronJob(JobDefinition):
    crontab: str
    with_seconds: bool

    def build(self, setup: Setup) -> DescribedSchedule:
        runs_after_gap = setup.dst_policy is DaylightSavingsTimePolicy.RUN_AFTER_TRANSITION
        location = setup.location
        # Where a start is given in a zone of its own, Go's times stay in that zone, and are compared there.
        compared_in = setup.start_location or location
        if setup.cron is None or isinstance(setup.cron, DefaultCron):
            with_seconds = self.with_seconds if setup.cron is None else setup.cron.with_seconds
            search = search_for(self.crontab, with_seconds, location, runs_after_gap, setup.grid is not None)
            schedule = CronSchedule(self.crontab, search, compared_in, setup.grid is not None)
        else:
            check_verdict(setup.cron.is_valid(self.crontab, location, datetime_of(setup.now, location)))
            schedule = CronSchedule(
                self.crontab, CustomSearch(setup.cron, location, runs_after_gap), compared_in, setup.grid is not None
            )
        return setup.usable(schedule, never_again)


def cron_job(crontab: str, with_seconds: bool = False) -> JobDefinition:
    """Run at the times of a crontab, in robfig/cron's grammar (Go: ``CronJob``).

    :param crontab: five fields, ``minute hour day-of-month month day-of-week`` (0 to 6), or
        ``@daily`` and the like, or ``@every`` and a Go duration (``1h30m``). A prefix ``TZ=zone``
        or ``CRON_TZ=zone`` and a space name the zone; default: the scheduler's location.
    :param with_seconds: a sixth field, the first, may be there for the seconds.
    :raises ErrInvalidArgument: a wrong kind of object.

    ``new_job`` raises :exc:`~gocron_py.ErrCronJobParse` for what breaks the grammar, saying
    where, and :exc:`~gocron_py.ErrCronJobInvalid` for a crontab that never runs.
    """
    check_kind(crontab, str, "crontab")
    check_kind(with_seconds, bool, "with_seconds")
    return _CronJob(crontab, with_seconds)


def new_default_cron(with_seconds: bool) -> Cron:
    """The default cron implementation (Go: ``NewDefaultCron``), for use without a scheduler too.

    For example to look at a crontab before it is saved: ``is_valid`` raises what ``new_job`` would.

    :param with_seconds: whether crontabs have six fields, the first of which is the seconds.
    :raises ErrInvalidArgument: not a bool.
    """
    check_kind(with_seconds, bool, "with_seconds")
    return DefaultCron(with_seconds)


@final
@dataclass(frozen=True, slots=True)
class _DurationJob(JobDefinition):
    duration: timedelta

    def build(self, setup: Setup) -> DescribedSchedule:
        duration = micros_of(self.duration)
        if duration == 0:
            raise ErrDurationJobIntervalZero
        if duration < 0:
            raise ErrDurationJobIntervalNegative(got=self.duration)
        if setup.grid is None:
            return setup.usable(shared_duration(duration), _beyond)
        shift = share_of(setup.grid, min(setup.splay, duration))
        anchor = shift if setup.start is None or setup.start_immediately else setup.start
        return setup.usable(GridSchedule(duration, anchor), _beyond)


def duration_job(duration: timedelta) -> JobDefinition:
    """Run every *duration*, whatever clocks do (Go: ``DurationJob``).

    :raises ErrInvalidArgument: not a timedelta.

    ``new_job`` raises :exc:`~gocron_py.ErrDurationJobIntervalZero` or
    :exc:`~gocron_py.ErrDurationJobIntervalNegative`.
    """
    check_kind(duration, timedelta, "duration")
    return _DurationJob(duration)


@final
@dataclass(frozen=True, slots=True)
class _DurationRandomJob(JobDefinition):
    shortest: timedelta
    longest: timedelta

    def build(self, setup: Setup) -> DescribedSchedule:
        if self.shortest >= self.longest:
            raise ErrDurationRandomJobMinMax(got=(self.shortest, self.longest))
        if self.shortest <= timedelta(0):
            raise ErrDurationRandomJobPositive(got=self.shortest)
        longest = micros_of(self.longest)
        if setup.now + longest > LAST:  # else the dice would tell
            raise _beyond()
        if setup.grid is not None:
            return RandomGridSchedule(micros_of(self.shortest), longest, setup.grid)
        return DurationRandomSchedule(micros_of(self.shortest), longest)


def duration_random_job(min_duration: timedelta, max_duration: timedelta) -> JobDefinition:
    """Run after a random time each time: at least *min_duration*, less than *max_duration* (Go: ``DurationRandomJob``).

    :raises ErrInvalidArgument: not timedeltas.

    ``new_job`` raises :exc:`~gocron_py.ErrDurationRandomJobMinMax` or
    :exc:`~gocron_py.ErrDurationRandomJobPositive`.
    """
    check_kind(min_duration, timedelta, "min_duration")
    check_kind(max_duration, timedelta, "max_duration")
    return _DurationRandomJob(min_duration, max_duration)


def _beyond() -> ErrNoNextRun:
    return ErrNoNextRun("it would be after the year 9999")


def _exhausted() -> ErrNoNextRun:
    error = ErrNoNextRun("the recurrence has no occurrence left, or none that can be found")
    error.add_note("one by the hour, minute or second with an INTERVAL or BYSETPOS: give it by the day, with BYHOUR")
    return error


@final
@dataclass(frozen=True, slots=True)
class _DailyJob(JobDefinition):
    interval: int
    at_times: tuple[AtTime | time | None, ...] | None

    def build(self, setup: Setup) -> DescribedSchedule:
        times = times_of_day(self.at_times, _DAILY)
        if self.interval < 1:
            raise ErrDailyJobZeroInterval(got=self.interval)
        schedule = DailySchedule(self.interval, times, setup.location, setup.dst_policy, setup.anchor())
        return setup.usable(schedule, _beyond)


def daily_job(interval: int, at_times: AtTimes | None) -> JobDefinition:
    """Run at times of day on every *interval*-th day (Go: ``DailyJob``).

    What is left of today comes first, then the days are counted from today.

    :param at_times: in the scheduler's location.
    :raises ErrInvalidArgument: a wrong kind of object.

    ``new_job`` raises, in this order, :exc:`~gocron_py.ErrDailyJobAtTimesNil`,
    :exc:`~gocron_py.ErrDailyJobAtTimeNil`, :exc:`~gocron_py.ErrDailyJobHours` or
    :exc:`~gocron_py.ErrDailyJobMinutesSeconds`, and :exc:`~gocron_py.ErrDailyJobZeroInterval`.
    """
    check_kind(interval, int, "interval")
    return _DailyJob(interval, frozen_times(at_times))


@final
@dataclass(frozen=True, slots=True)
class _WeeklyJob(JobDefinition):
    interval: int
    days: tuple[Weekday, ...] | None
    at_times: tuple[AtTime | time | None, ...] | None

    def build(self, setup: Setup) -> DescribedSchedule:
        if self.interval < 1:
            raise ErrWeeklyJobZeroInterval(got=self.interval)
        if self.days is None:
            raise ErrWeeklyJobDaysOfTheWeekNil
        if not self.days:
            raise ErrWeeklyJobDaysOfTheWeekNil("there are none, so the job would never run")
        times = times_of_day(self.at_times, _WEEKLY)
        schedule = WeeklySchedule(self.interval, self.days, times, setup.location, setup.dst_policy, setup.anchor())
        return setup.usable(schedule, _beyond)


def weekly_job(interval: int, days_of_the_week: Weekdays | None, at_times: AtTimes | None) -> JobDefinition:
    """Run at times of day on days of the week, in every *interval*-th week (Go: ``WeeklyJob``).

    Weeks begin on Sunday. What is left of this week comes first, then the weeks are counted from this one.

    :param days_of_the_week: ``Weekday`` or 0 (Sunday) to 6.
    :param at_times: in the scheduler's location.
    :raises ErrInvalidArgument: a wrong kind of object, or no day of the week.

    ``new_job`` raises, in this order, :exc:`~gocron_py.ErrWeeklyJobZeroInterval`,
    :exc:`~gocron_py.ErrWeeklyJobDaysOfTheWeekNil`, :exc:`~gocron_py.ErrWeeklyJobAtTimesNil`,
    :exc:`~gocron_py.ErrWeeklyJobAtTimeNil`, :exc:`~gocron_py.ErrWeeklyJobHours` or
    :exc:`~gocron_py.ErrWeeklyJobMinutesSeconds`.
    """
    check_kind(interval, int, "interval")
    days = None
    if days_of_the_week is not None:
        check_collection(days_of_the_week, "days_of_the_week", "days of the week")
        days = tuple(weekday_of(day) for day in days_of_the_week)
    return _WeeklyJob(interval, days, frozen_times(at_times))


@final
@dataclass(frozen=True, slots=True)
class _MonthlyJob(JobDefinition):
    interval: int
    days: tuple[int, ...] | None
    at_times: tuple[AtTime | time | None, ...] | None

    def build(self, setup: Setup) -> DescribedSchedule:
        if self.interval < 1:
            raise ErrMonthlyJobZeroInterval(got=self.interval)
        if self.days is None:
            raise ErrMonthlyJobDaysNil
        if not self.days:
            raise ErrMonthlyJobDaysNil("there are none, so the job would never run")
        for day in self.days:
            if not 1 <= abs(day) <= 31:
                raise ErrMonthlyJobDays(got=day)
        times = times_of_day(self.at_times, _MONTHLY)
        schedule = MonthlySchedule(self.interval, self.days, times, setup.location, setup.dst_policy, setup.anchor())
        return setup.usable(schedule, self._never)

    def _never(self) -> GocronError:
        if self.interval > 12 * MAXYEAR:
            return _beyond()
        return ErrMonthlyJobDays(
            f"no month that comes every {self.interval} months from the start has such a day before the year 10000"
        )


def monthly_job(interval: int, days_of_the_month: DaysOfTheMonth | None, at_times: AtTimes | None) -> JobDefinition:
    """Run at times of day on days of the month, in every *interval*-th month (Go: ``MonthlyJob``).

    What is left of this month comes first, then the months are counted from this one. A day
    that a month does not have is left out.

    :param days_of_the_month: 1 to 31, or -1 to -31 counted from the end of the month.
    :param at_times: in the scheduler's location.
    :raises ErrInvalidArgument: a wrong kind of object.

    ``new_job`` raises, in this order, :exc:`~gocron_py.ErrMonthlyJobZeroInterval`,
    :exc:`~gocron_py.ErrMonthlyJobDaysNil`, :exc:`~gocron_py.ErrMonthlyJobDays`,
    :exc:`~gocron_py.ErrMonthlyJobAtTimesNil`, :exc:`~gocron_py.ErrMonthlyJobAtTimeNil`,
    :exc:`~gocron_py.ErrMonthlyJobHours` or :exc:`~gocron_py.ErrMonthlyJobMinutesSeconds`; also
    :exc:`~gocron_py.ErrMonthlyJobDays` if no month in question has such a day.
    """
    check_kind(interval, int, "interval")
    days = None
    if days_of_the_month is not None:
        check_collection(days_of_the_month, "days_of_the_month", "days of the month")
        days = tuple(new_days_of_the_month(*days_of_the_month))
    return _MonthlyJob(interval, days, frozen_times(at_times))


@final
@dataclass(frozen=True, slots=True)
class _OneTimeJob(JobDefinition):
    start_at: OneTimeJobStartAtOption

    def build(self, setup: Setup) -> DescribedSchedule:
        setup.start_immediately = setup.start_immediately or self.start_at.immediately
        given: Iterable[datetime] = (moment for moment in self.start_at.moments if moment is not None)
        ticks = [tick for moment in given if (tick := instant_of(moment, setup.location)) > setup.now]
        if not ticks and not setup.start_immediately:
            raise ErrOneTimeJobStartDateTimePast(got=self.start_at.moments)
        if ticks and max(ticks) > LAST:
            raise _beyond()
        return OneTimeSchedule(ticks, setup.location)


def one_time_job(start_at: OneTimeJobStartAtOption) -> JobDefinition:
    """Run once, or at each of some moments (Go: ``OneTimeJob``).

    :raises ErrInvalidArgument: not made by one of the ``one_time_job_start_…`` functions.

    ``new_job`` raises :exc:`~gocron_py.ErrOneTimeJobStartDateTimePast` if no moment is in the future.
    """
    check_kind(start_at, OneTimeJobStartAtOption, "start_at")
    return _OneTimeJob(start_at)


@final
@dataclass(frozen=True, slots=True)
class _RRuleJob(JobDefinition):
    rule: str | rrule | rruleset

    def build(self, setup: Setup) -> DescribedSchedule:
        begin = setup.now if setup.grid is None else instant_of(_EPOCH, setup.location)
        schedule = RRuleSchedule(self.rule, begin, setup.location, setup.dst_policy)
        return setup.usable(schedule, _exhausted)


def rrule_job(rule: str | rrule | rruleset) -> JobDefinition:
    """Run at the occurrences of an iCalendar recurrence. Not in Go.

    :param rule: RFC 5545 text, or dateutil's objects. Times without a zone are in the scheduler's
        location. A text without ``DTSTART`` starts when the job is made. ``COUNT`` may be 10,000 at most.
        Rules by the hour, minute or second with an ``INTERVAL`` or ``BYSETPOS`` must not leave out months: give those
        by the day, with ``BYHOUR``.
    :raises ErrInvalidArgument: a wrong kind of object.

    ``new_job`` raises :exc:`~gocron_py.ErrInvalidArgument` for what is no recurrence, and
    :exc:`~gocron_py.ErrNoNextRun` for one without an occurrence to come.
    """
    if not isinstance(rule, str | rrule | rruleset):
        raise ErrInvalidArgument("a recurrence is a dateutil rrule, a rruleset or an RFC 5545 string", got=rule)
    return _RRuleJob(rule)
