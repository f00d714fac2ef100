"""What a program that forgot something is told: the start, or the wait."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

import gocron_py as gocron
from gocron_py.testing import FakeClock

WAITING = "gocron: waiting for a scheduler that was not started: call start() first"
ENDED = "gocron: the program has ended, and its jobs with it: block in run_until_signal() or wait()"

PROGRAM = """
import sys
from datetime import timedelta
import gocron_py as gocron
from gocron_py.testing import FakeClock

scheduler = gocron.new_scheduler({options})
scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(print))
scheduler.start()
{then}
"""


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_waiting_without_a_start_is_a_warning(fake_clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """It says how many jobs do not run, and it says it once, however often the program asks."""
    caplog.set_level("WARNING", "gocron_py")
    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock))
    assert not scheduler.wait(0)
    assert warnings_of(caplog) == []  # there is nothing to run
    scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(print))
    for _ in range(3):
        assert not scheduler.wait(0)
    assert warnings_of(caplog) == [f"{WAITING}, jobs=1"]
    scheduler.shutdown()


def test_waiting_after_a_stop_is_none(fake_clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """Who stopped the jobs knows that they do not run."""
    caplog.set_level("WARNING", "gocron_py")
    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock))
    scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(print))
    scheduler.start()
    assert not scheduler.wait(0)
    scheduler.stop_jobs()
    assert not scheduler.wait(0)
    assert warnings_of(caplog) == []
    scheduler.shutdown()


@pytest.mark.parametrize(
    ("then", "options", "is_told"),
    [
        ("", "", True),
        ("sys.exit(0)", "", True),
        ("scheduler.wait(0.01)", "", False),
        ("scheduler.shutdown()", "", False),
        ("scheduler.stop_jobs()", "", False),
        ("", "gocron.with_clock(FakeClock())", False),
    ],
)
def test_a_program_that_ends_at_once_has_forgotten_to_wait(then: str, options: str, is_told: bool) -> None:
    """One that has started a scheduler and ends is told; not one that waited, stopped, or has a clock for tests."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(then=then, options=options)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (f"{ENDED}, jobs=1" in ran.stderr, ran.stderr.count("gocron:")) == (is_told, int(is_told))


def test_run_now_before_the_start_says_so() -> None:
    """Go's text is "scheduler unreachable"; the note says why."""
    scheduler = gocron.new_scheduler()
    job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(print))
    with pytest.raises(gocron.ErrJobRunNowFailed) as caught:
        job.run_now()
    assert caught.value.__notes__ == ["the scheduler is not started"]
    scheduler.shutdown()
