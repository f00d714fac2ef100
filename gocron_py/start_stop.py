"""When a job begins and when it stops: ``with_start_at``, ``with_stop_at`` and what they take."""

from __future__ import annotations

from datetime import datetime
from typing import final
from zoneinfo import ZoneInfo

from gocron_py.definitions import Setup
from gocron_py.errors import (
    ErrStartTimeLaterThanEndTime,
    ErrStopTimeEarlierThanStartTime,
    ErrWithStartDateTimePast,
    ErrWithStartDateTimePastZero,
    ErrWithStopDateTimePast,
)
from gocron_py.instant import Instant, check_moment, instant_of
from gocron_py.job import JobSettings
from gocron_py.job_options import Apply, ApplyToJob, JobOption
from gocron_py.option_names import Named, check_option


@final
class StartAtOption(Named):
    """What :func:`with_start_at` takes (Go: ``StartAtOption``)."""

    __slots__ = ("write",)

    def __init__(self, write: Apply) -> None:
        self.write = write


@final
class StopAtOption(Named):
    """What :func:`with_stop_at` takes (Go: ``StopAtOption``)."""

    __slots__ = ("write",)

    def __init__(self, write: Apply) -> None:
        self.write = write


def with_start_at(option: StartAtOption) -> JobOption:
    """Say when the job first runs (Go: ``WithStartAt``).

    :raises ErrInvalidArgument: not made by one of the ``with_start_…`` functions.
    """
    check_option(option, StartAtOption, "option")
    return ApplyToJob(option.write)


def with_start_immediately() -> StartAtOption:
    """Run at each start of the scheduler; the schedule counts from there (Go: ``WithStartImmediately``)."""

    def write(settings: JobSettings, setup: Setup) -> None:
        setup.start_immediately = True

    return StartAtOption(write)


def with_start_date_time(start: datetime | None) -> StartAtOption:
    """Run first at *start* (naive: in the scheduler's location), whatever the definition names.

    (Go: ``WithStartDateTime``.)

    :raises ErrWithStartDateTimePast: from ``new_job``: before now, or ``None``.
    :raises ErrStartTimeLaterThanEndTime: from ``new_job``: after the stop time that was given before.
    """
    _check_datetime(start)

    def write(settings: JobSettings, setup: Setup) -> None:
        at = None if start is None else instant_of(start, setup.location)
        if at is None or at < setup.now:
            raise ErrWithStartDateTimePast(got=start)
        _start(settings, setup, at, start)

    return StartAtOption(write)


def with_start_date_time_past(start: datetime | None) -> StartAtOption:
    """As :func:`with_start_date_time`, but *start* may have passed: the schedule goes on from it.

    (Go: ``WithStartDateTimePast``.)

    :raises ErrWithStartDateTimePastZero: from ``new_job``: ``None``.
    :raises ErrStartTimeLaterThanEndTime: from ``new_job``: after the stop time that was given before.
    """
    _check_datetime(start)

    def write(settings: JobSettings, setup: Setup) -> None:
        if start is None:
            raise ErrWithStartDateTimePastZero
        _start(settings, setup, instant_of(start, setup.location), start)

    return StartAtOption(write)


def with_stop_at(option: StopAtOption) -> JobOption:
    """Say when the job stops (Go: ``WithStopAt``).

    :raises ErrInvalidArgument: not made by ``with_stop_date_time``.
    """
    check_option(option, StopAtOption, "option")
    return ApplyToJob(option.write)


def with_stop_date_time(end: datetime | None) -> StopAtOption:
    """Run only before *end* (naive: in the scheduler's location); then the job is removed.

    (Go: ``WithStopDateTime``.)

    :raises ErrWithStopDateTimePast: from ``new_job``: before now, or ``None``.
    :raises ErrStopTimeEarlierThanStartTime: from ``new_job``: before the start time that was given before.
    """
    _check_datetime(end)

    def write(settings: JobSettings, setup: Setup) -> None:
        at = None if end is None else instant_of(end, setup.location)
        if at is None or at < setup.now:
            raise ErrWithStopDateTimePast(got=end)
        if setup.start is not None and at < setup.start:
            raise ErrStopTimeEarlierThanStartTime(got=end)
        settings.stop = at

    return StopAtOption(write)


def _check_datetime(moment: datetime | None) -> None:
    if moment is not None:
        check_moment(moment, "the time")


def _start(settings: JobSettings, setup: Setup, at: Instant, given: datetime | None) -> None:
    if settings.stop is not None and settings.stop < at:
        raise ErrStartTimeLaterThanEndTime(got=given)
    setup.start = at
    # A fixed offset, as datetime.fromisoformat gives it, is a way to write an instant and no place.
    zone = None if given is None else given.tzinfo
    setup.start_location = zone if isinstance(zone, ZoneInfo) else None
