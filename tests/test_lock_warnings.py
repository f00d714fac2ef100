"""What the log says of refused locks: a warning if the store cannot be asked, nothing if another was faster."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
import redis

import gocron_py as gocron
from gocron_py import reporter
from gocron_py.distributed.redis import RedisTickLocker
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.instant import SECOND
from gocron_py.testing import FakeClock, wait_for_runs


class Refusing:
    """A locker with one answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        raise self.error


def logged(
    error: Exception, clock: FakeClock, caplog: pytest.LogCaptureFixture, level: int = logging.WARNING
) -> list[str]:
    """The lines of five ticks of two jobs."""
    caplog.set_level(level, "gocron_py")
    options = gocron.with_clock(clock), gocron.with_distributed_locker(Refusing(error))
    with gocron.new_scheduler(*options) as scheduler:
        for name in "backup", "report":
            scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name(name))
        for _ in range(5):
            clock.advance(timedelta(hours=1))
            wait_for_runs(scheduler)
    return [record.getMessage() for record in caplog.records if record.levelno >= level and "store" in record.msg]


def test_a_store_that_cannot_be_asked_is_a_warning(fake_clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """One a minute, however many jobs and ticks there are; it says why."""
    (line,) = logged(gocron.StoreDown("connection refused"), fake_clock, caplog)
    assert "the store of locks cannot be asked, jobs do not run" in line
    assert "connection refused" in line


def test_a_tick_locker_that_cannot_reach_its_store_warns(
    fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start, and at the first tick, and not at each: who has set up no logging sees it on standard error."""
    caplog.set_level(logging.WARNING, "gocron_py")
    locker = RedisTickLocker(redis.Redis(port=1), start_deadline=timedelta(milliseconds=100))  # nobody listens there
    options = gocron.with_clock(fake_clock), gocron.with_distributed_locker(locker)
    with gocron.new_scheduler(*options) as scheduler:
        job = scheduler.new_job(
            gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name("backup")
        )
        for _ in range(3):
            fake_clock.advance(timedelta(hours=1))
            wait_for_runs(scheduler)
        assert [run.lock for run in job.history()] == ["error"] * 3
    lines = [record.getMessage() for record in caplog.records if "store of locks" in record.getMessage()]
    assert [line.partition(", why=")[0] for line in lines] == [
        "gocron: the store of locks cannot be used",
        "gocron: the store of locks cannot be asked, jobs do not run, job=backup",
    ]
    locker.close()


def test_a_closed_locker_is_a_warning(fake_clock: FakeClock, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Nothing runs under it any more: that is said at the start and once a minute, not never and not with each tick."""
    locker = SQLiteTickLocker(tmp_path / "jobs.db")
    locker.close()
    options = gocron.with_clock(fake_clock), gocron.with_distributed_locker(locker)
    with gocron.new_scheduler(*options) as scheduler:
        scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(int), gocron.with_name("job"))
        for _ in range(3):
            fake_clock.advance(timedelta(hours=1))
            wait_for_runs(scheduler)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 2
    assert all("the locker is closed" in line for line in lines)


def test_what_was_left_out_is_counted(
    fake_clock: FakeClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next warning says how many there would have been; meanwhile they are debug lines."""
    report = reporter.Reporter(gocron.new_logger(gocron.LogLevel.ERROR), None, None, None)
    lines: list[str] = []
    monkeypatch.setattr(reporter.Reporter, "warn", lambda self, *said: lines.append(str(said)))
    times = iter([100 * SECOND, 101 * SECOND, 159 * SECOND, 160 * SECOND])
    monkeypatch.setattr(reporter, "elapsed", lambda: next(times))
    for _ in range(4):
        report.warn_now_and_then("RedisLocker", "down", "job", "x")
    assert lines == ["('down', 'job', 'x')", "('down', 'job', 'x', 'left out since the last warning', 2)"]


@pytest.mark.parametrize("error", [gocron.TickBusy("elsewhere"), gocron.TickTaken("elsewhere"), RuntimeError("taken")])
def test_another_instance_is_no_warning(
    error: Exception, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """That it was faster is as it should be; what a locker of the user's own says cannot be told from it."""
    logged(error, fake_clock, caplog)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_clock_that_is_ahead_is_a_warning(fake_clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """It is no other instance that is faster: until somebody sets the clock right, nothing runs here."""
    logged(gocron.TickEarly("this machine's clock is 60.0 s ahead of the store's"), fake_clock, caplog)
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.startswith("gocron: this machine's clock is wrong, jobs do not run, job=")
    assert "60.0 s ahead" in line
