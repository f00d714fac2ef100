"""What a job's schedule says of itself: the values that ``Job.schedule()`` gives.

Frozen data without behaviour, so a user may keep, compare and print them. Times of day are
naive :class:`datetime.time`, to be read in the scheduler's location.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Protocol, runtime_checkable

from gocron_py.schedules import Schedule
from gocron_py.schedules.wall_time import Weekday


class JobType(Enum):
    """The kinds of jobs (Go: ``JobType``; ``CronJobType`` is ``JobType.CRON``)."""

    CRON = 0
    DURATION = 1
    DURATION_RANDOM = 2
    DAILY = 3
    WEEKLY = 4
    MONTHLY = 5
    ONE_TIME = 6
    RRULE = 7
    """An iCalendar recurrence. Not in Go."""


@runtime_checkable
class JobSchedule(Protocol):
    """Any of the descriptions below (Go: ``JobSchedule``); tell them apart by class or by type."""

    def job_type(self) -> JobType:
        """The kind of the job."""
        ...


class DescribedSchedule(Schedule, Protocol):
    """A schedule that can say what it is: what a job definition builds."""

    def describe(self) -> JobSchedule:
        """The definition, as users see it."""
        ...


@dataclass(frozen=True, slots=True)
class CronJobSchedule:
    """A crontab, as it was given."""

    crontab: str

    def job_type(self) -> JobType:
        """``JobType.CRON``."""
        return JobType.CRON


@dataclass(frozen=True, slots=True)
class DurationJobSchedule:
    """A fixed time from tick to tick."""

    duration: timedelta

    def job_type(self) -> JobType:
        """``JobType.DURATION``."""
        return JobType.DURATION


@dataclass(frozen=True, slots=True)
class DurationRandomJobSchedule:
    """A random time from tick to tick: at least *min*, less than *max*."""

    min: timedelta
    max: timedelta

    def job_type(self) -> JobType:
        """``JobType.DURATION_RANDOM``."""
        return JobType.DURATION_RANDOM


@dataclass(frozen=True, slots=True)
class DailyJobSchedule:
    """Times of day, ascending, on every *interval*-th day."""

    interval: int
    at_times: tuple[time, ...]

    def job_type(self) -> JobType:
        """``JobType.DAILY``."""
        return JobType.DAILY


@dataclass(frozen=True, slots=True)
class WeeklyJobSchedule:
    """Times of day on days of the week, both ascending, in every *interval*-th week."""

    interval: int
    days_of_week: tuple[Weekday, ...]
    at_times: tuple[time, ...]

    def job_type(self) -> JobType:
        """``JobType.WEEKLY``."""
        return JobType.WEEKLY


@dataclass(frozen=True, slots=True)
class MonthlyJobSchedule:
    """Times of day on days of the month, all ascending, in every *interval*-th month.

    *days* are 1 to 31, *days_from_end* -31 to -1: -1 is the last day of the month.
    """

    interval: int
    days: tuple[int, ...]
    days_from_end: tuple[int, ...]
    at_times: tuple[time, ...]

    def job_type(self) -> JobType:
        """``JobType.MONTHLY``."""
        return JobType.MONTHLY


@dataclass(frozen=True, slots=True)
class OneTimeJobSchedule:
    """The moments that were still to come when the job was made, ascending, in the scheduler's location."""

    start_at: tuple[datetime, ...]

    def job_type(self) -> JobType:
        """``JobType.ONE_TIME``."""
        return JobType.ONE_TIME


@dataclass(frozen=True, slots=True)
class RRuleJobSchedule:
    """An iCalendar recurrence as text (RFC 5545). Not in Go."""

    rule: str

    def job_type(self) -> JobType:
        """``JobType.RRULE``."""
        return JobType.RRULE
