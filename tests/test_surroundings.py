"""``with_surroundings``: what is entered around each task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import pytest

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

place: ContextVar[str] = ContextVar("place", default="nowhere")


def entering(name: str, seen: list[str]) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def enter() -> Iterator[None]:
        token = place.set(name)
        seen.append(f"+{name}")
        try:
            yield
        finally:
            seen.append(f"-{name}")
            place.reset(token)

    return enter


def run_once(
    fake_clock: FakeClock, task: Any, *options: gocron.JobOption, everywhere: tuple[gocron.JobOption, ...] = ()
) -> gocron.RunRecord:
    """What became of the one run of a job."""
    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_global_job_options(*everywhere)) as scheduler:
        job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), task, *options)
        fake_clock.advance(timedelta(hours=1))
        wait_for_runs(scheduler)
        (record,) = job.history()
        return record


def test_the_first_is_outermost(fake_clock: FakeClock) -> None:
    """Surroundings of all jobs are around those of the job, and the task is inside of all."""
    seen: list[str] = []
    record = run_once(
        fake_clock,
        gocron.new_task(lambda: seen.append(place.get())),
        gocron.with_surroundings(entering("job", seen)),
        everywhere=(gocron.with_surroundings(entering("all", seen)),),
    )
    assert seen == ["+all", "+job", "job", "-job", "-all"]
    assert record.outcome is gocron.JobStatus.SUCCESS


def test_name_context_and_arguments_stay_the_tasks_own(fake_clock: FakeClock) -> None:
    """The job is named after its function, gets its context, and its arguments are checked."""
    seen: list[object] = []

    def work(ctx: gocron.Context, what: str) -> None:
        seen.append((ctx.err(), what))

    around = gocron.with_surroundings(entering("there", []))
    run_once(fake_clock, gocron.new_task(work, "that"), around)
    assert seen == [(None, "that")]
    scheduler = gocron.new_scheduler()
    job = scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(work, "that"), around)
    assert job.name() == f"{__name__}.{work.__qualname__}"
    too_many: Any = (1, 2, 3)
    with pytest.raises(gocron.ErrNewJobWrongNumberOfParameters):
        scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(work, *too_many), around)


def test_a_coroutine_runs_inside(fake_clock: FakeClock) -> None:
    """The whole of a coroutine is in the surroundings, not only the making of it."""
    seen: list[str] = []

    async def work() -> None:
        seen.append(place.get())

    run_once(fake_clock, gocron.new_task(work), gocron.with_surroundings(entering("there", seen)))
    assert seen == ["+there", "there", "-there"]


def test_they_are_left_when_the_task_fails(fake_clock: FakeClock) -> None:
    """What the task raises passes through them, and is the run's error."""
    seen: list[str] = []

    def work() -> None:
        raise ValueError("no")

    listener = gocron.with_event_listeners(gocron.after_job_runs_with_error(lambda *told: seen.append(str(told[2]))))
    around = gocron.with_surroundings(entering("there", seen))
    record = run_once(fake_clock, gocron.new_task(work), around, listener)
    assert seen == ["+there", "-there", "no"]
    assert (record.outcome, record.error) == (gocron.JobStatus.FAIL, "ValueError: no")


@pytest.mark.parametrize("wrong", [lambda: 1 / 0, lambda: None])
def test_what_cannot_be_entered_is_the_runs_error(fake_clock: FakeClock, wrong: Callable[[], Any]) -> None:
    """The task is not begun outside of its surroundings."""
    seen: list[str] = []
    listener = gocron.with_event_listeners(gocron.after_job_runs_with_error(lambda *told: None))
    record = run_once(
        fake_clock, gocron.new_task(lambda: seen.append("ran")), gocron.with_surroundings(wrong), listener
    )
    assert record.outcome is gocron.JobStatus.FAIL
    assert seen == []


def test_one_that_swallows_makes_a_success(fake_clock: FakeClock) -> None:
    """It is a with statement, to the letter."""
    record = run_once(
        fake_clock, gocron.new_task(lambda: 1 / 0), gocron.with_surroundings(lambda: suppress(ZeroDivisionError))
    )
    assert record.outcome is gocron.JobStatus.SUCCESS


def test_what_is_not_callable_is_refused() -> None:
    """A context manager itself serves for one run only."""
    wrong: Any = suppress(ValueError)
    with pytest.raises(gocron.ErrInvalidArgument, match="enter must be callable"):
        gocron.with_surroundings(wrong)
