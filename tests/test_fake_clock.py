"""FakeClock, alone and under a scheduler."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

SECOND = timedelta(seconds=1)
START = datetime(2024, 1, 1, tzinfo=UTC)


def started_at(clock: FakeClock, definition: gocron.JobDefinition, *moves: timedelta) -> list[datetime]:
    """When the runs of a job started, on the clock, while it is moved."""
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"))
    job = scheduler.new_job(definition, gocron.new_task(lambda: None), gocron.with_history_size(1000))
    scheduler.start()
    for move in moves:
        clock.advance(move)
    scheduler.shutdown()
    return sorted(run.started for run in job.history() if run.started is not None)


def test_the_fixture_gives_a_clock_that_stands_still(fake_clock: FakeClock) -> None:
    """The plugin's fixture is a FakeClock at the first moment of 2024."""
    assert fake_clock.now() == START
    assert fake_clock.now() == START


def test_each_tick_on_the_way_runs_at_its_own_time(fake_clock: FakeClock) -> None:
    """One step over ten ticks is ten runs, each at the time of its tick."""
    expected = [START + n * SECOND for n in range(1, 11)]
    assert started_at(fake_clock, gocron.duration_job(SECOND), 10.5 * SECOND) == expected


def test_many_small_steps_are_one_large_step(fake_clock: FakeClock) -> None:
    """It does not matter in which pieces the time passes."""
    pieces = [timedelta(milliseconds=170)] * 20
    assert started_at(fake_clock, gocron.duration_job(SECOND), *pieces) == [START + n * SECOND for n in (1, 2, 3)]


def test_a_step_of_nothing_changes_nothing(fake_clock: FakeClock) -> None:
    """Zero is a length of time."""
    fake_clock.advance(timedelta(0))
    assert fake_clock.now() == START


def test_a_walk_that_is_too_far_leaves_out_nothing_unsaid() -> None:
    """At max_steps the clock raises and stands still; what is behind it has run, what is before it comes next."""
    clock = FakeClock(START, max_steps=100)
    scheduler = gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC"))
    job = scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(lambda: None), gocron.with_history_size(1000))
    with scheduler:
        with pytest.raises(gocron.ErrInvalidArgument, match="more than 100 moments") as caught:
            clock.advance(timedelta(days=365))
        assert "set() jumps" in str(caught.value)
        assert clock.now() == START + 100 * SECOND
        clock.advance(100.5 * SECOND)
        assert clock.now() == START + 200.5 * SECOND
    assert sorted(run.scheduled for run in job.history()) == [START + n * SECOND for n in range(1, 201)]


@pytest.mark.slow
def test_three_hours_of_a_job_of_one_second(fake_clock: FakeClock) -> None:
    """Without a word about steps a walk of 10,800 ticks runs each of them, at its own time."""
    runs: list[datetime] = []
    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_location("UTC"))
    task = gocron.new_task(lambda: runs.append(gocron.current_run().tick.at))
    scheduler.new_job(gocron.duration_job(SECOND), task)
    with scheduler:
        fake_clock.advance(timedelta(hours=3))
        wait_for_runs(scheduler)
    assert sorted(runs) == [START + n * SECOND for n in range(1, 10_801)]


def test_set_forward_is_one_catch_up_run(fake_clock: FakeClock) -> None:
    """A year in one jump: the job that was due runs once, and goes on a second later."""
    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_location("UTC"))
    job = scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(lambda: None))
    with scheduler:
        fake_clock.set(START + timedelta(days=365, seconds=0.5))
        assert job.next_run() == START + timedelta(days=365, seconds=1)
    assert len(job.history()) == 1


def test_set_backward_lets_intervals_go_on_and_repeats_nothing(fake_clock: FakeClock) -> None:
    """An hour back: the interval keeps its distance, the time of day does not come a second time."""
    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_location("UTC"))
    interval = scheduler.new_job(gocron.duration_job(10 * SECOND), gocron.new_task(lambda: None))
    cron = scheduler.new_job(gocron.cron_job("* * * * *"), gocron.new_task(lambda: None))
    with scheduler:
        fake_clock.advance(61 * SECOND)
        fake_clock.set(START - timedelta(hours=1))
        assert interval.next_run() == START - timedelta(hours=1) + 9 * SECOND
        assert cron.next_run() == START + timedelta(minutes=2)


def test_a_clock_that_was_ahead_for_a_while_costs_nothing(fake_clock: FakeClock) -> None:
    """An hour ahead and back again: a minutely crontab runs late once, then goes on with the next minute."""
    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_location("UTC"))
    job = scheduler.new_job(gocron.cron_job("* * * * *"), gocron.new_task(lambda: None))
    with scheduler:
        fake_clock.set(START + timedelta(hours=1, seconds=10))
        fake_clock.set(START + 20 * SECOND)
        assert job.next_run() == START + timedelta(minutes=2)
    assert [run.scheduled for run in job.history()] == [START + timedelta(minutes=1)]


def test_block_until_counts_the_jobs_that_wait(fake_clock: FakeClock) -> None:
    """As in Go, where each scheduled job is a timer."""
    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock))
    for _ in range(3):
        scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(lambda: None))
    with scheduler:
        fake_clock.block_until(3)
        with pytest.raises(TimeoutError, match="3 jobs wait for the clock, not 4"):
            fake_clock.block_until(4, timeout=timedelta(milliseconds=10))


def test_two_schedulers_share_a_clock_in_order(fake_clock: FakeClock) -> None:
    """Ticks of several schedulers come in the order of their times."""
    order: list[str] = []
    schedulers = []
    for name, interval in (("a", 2 * SECOND), ("b", 3 * SECOND)):
        scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock))
        scheduler.new_job(gocron.duration_job(interval), gocron.new_task(order.append, name))
        scheduler.start()
        schedulers.append(scheduler)
    for _ in range(4):
        fake_clock.advance(SECOND)
    for scheduler in schedulers:
        scheduler.shutdown()
    assert order == ["a", "b", "a"]


def test_a_task_may_move_the_clock(fake_clock: FakeClock) -> None:
    """The clock belongs to whoever holds it, a task too."""
    moved = threading.Event()

    def task() -> None:
        fake_clock.advance(10 * SECOND)
        moved.set()

    scheduler = gocron.new_scheduler(gocron.with_clock(fake_clock))
    scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(task), gocron.with_limited_runs(1))
    with scheduler:
        fake_clock.advance(SECOND)
        assert moved.wait(5)
    assert fake_clock.now() == START + 11 * SECOND


@pytest.mark.parametrize("step", [-SECOND, 1.5, None])
def test_a_wrong_step_is_refused(fake_clock: FakeClock, step: timedelta) -> None:
    """Time does not pass backward, and is no float."""
    with pytest.raises(gocron.ErrInvalidArgument, match="timedelta of zero or more"):
        fake_clock.advance(step)
