"""Stores that are for ticks at some distance: jobs with others are refused before anything changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

import gocron_py as gocron
from gocron_py.definitions import JobDefinition
from gocron_py.distributed import TickLocker, TickStore
from gocron_py.testing import FakeClock

TASK = gocron.new_task(lambda: None)
NOW = datetime(2024, 1, 1, tzinfo=UTC)


class Slow(TickStore):
    """As Kubernetes' is. No job is ever started on it."""

    shortest_interval = timedelta(seconds=10)

    def load(self, keys):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        raise NotImplementedError


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def crontab(text: str) -> JobDefinition:
    return gocron.cron_job(text, with_seconds=True)


def times(*many: datetime) -> JobDefinition:
    return gocron.one_time_job(gocron.one_time_job_start_date_times(*many))


TOO_FAST = {
    "duration": (gocron.duration_job(seconds(9.999999)), 9.999999),
    "random": (gocron.duration_random_job(seconds(5), seconds(60)), 5),
    "each second": (crontab("* * * * * *"), 1),
    "twice a day": (crontab("0,5 0 12 * * *"), 5),
    "over the hour": (crontab("0,52 0,59 * * * *"), 8),
    "over midnight": (crontab("0,10,20,30,40,55 */2,59 0,23 * * *"), 5),
    "far away": (crontab("7,11 3 4 29 2 *"), 4),
    "daily": (gocron.daily_job(1, gocron.new_at_times(time(1), time(1, 0, 3))), 3),
    "once": (times(NOW + seconds(60), NOW + seconds(61)), 1),
    "rule": (gocron.rrule_job("FREQ=SECONDLY;INTERVAL=9"), 9),
}
SLOW_ENOUGH = {
    "duration": gocron.duration_job(seconds(10)),
    "random": gocron.duration_random_job(seconds(10), seconds(11)),
    "crontab": crontab("*/10 * * * * *"),
    "daily": gocron.daily_job(1, gocron.new_at_times(time(1))),
    "once": times(NOW + seconds(60)),
}


@pytest.fixture
def scheduler() -> gocron.Scheduler:
    return gocron.new_scheduler(
        gocron.with_distributed_locker(TickLocker(Slow())),
        gocron.with_clock(FakeClock(NOW)),
        gocron.with_location("UTC"),
    )


@pytest.mark.parametrize("name", TOO_FAST)
def test_ticks_too_near_to_each_other_are_refused(name: str, scheduler: gocron.Scheduler) -> None:
    """The error names the store's limit and what was found; no job is added, and none is changed by an update."""
    definition, gap = TOO_FAST[name]
    words = f"10 s apart or more; these are {gap} s"
    with pytest.raises(gocron.ErrInvalidArgument, match=words):
        scheduler.new_job(definition, TASK)
    assert [] == scheduler.jobs()
    job = scheduler.new_job(gocron.duration_job(seconds(30)), TASK)
    with pytest.raises(gocron.ErrInvalidArgument, match=words):
        scheduler.update(job.id(), definition, TASK)
    assert [gocron.DurationJobSchedule(seconds(30))] == [each.schedule() for each in scheduler.jobs()]


@pytest.mark.parametrize("name", SLOW_ENOUGH)
def test_others_are_taken(name: str, scheduler: gocron.Scheduler) -> None:
    """Ticks that are just so far apart are far enough."""
    assert scheduler.new_job(SLOW_ENOUGH[name], TASK).id()


def test_from_the_end_of_a_run(scheduler: gocron.Scheduler) -> None:
    """Intervals from completion count, too."""
    with pytest.raises(gocron.ErrInvalidArgument, match="these are 3 s"):
        scheduler.new_job(gocron.duration_job(seconds(3)), TASK, gocron.with_interval_from_completion())


def test_a_job_without_the_locker_is_free(scheduler: gocron.Scheduler) -> None:
    """The limit is the store's."""
    disabled = gocron.with_disabled_distributed_job_locker(True)
    assert scheduler.new_job(gocron.duration_job(seconds(1)), TASK, disabled).id()


def test_a_jobs_own_locker_counts() -> None:
    """Also if the scheduler has none."""
    scheduler = gocron.new_scheduler()
    own = gocron.with_distributed_job_locker(TickLocker(Slow()))
    with pytest.raises(gocron.ErrInvalidArgument, match="these are 1 s"):
        scheduler.new_job(gocron.duration_job(seconds(1)), TASK, own)
