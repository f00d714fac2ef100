"""``RunMonitor``: a scheduler monitor that is told of runs as records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

import gocron_py as gocron
from gocron_py.distributed import TickEvent
from gocron_py.distributed.memory import MemoryStore, MemoryTickLocker
from gocron_py.errors import satisfies
from gocron_py.testing import FakeClock, wait_for_runs

HOUR = timedelta(hours=1)


class Told:
    """A RunMonitor; what it does not need it does nothing with."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.runs: list[gocron.RunRecord] = []
        self.next: list[datetime | None] = []

    def run_began(self, job: gocron.Job) -> None:
        self.events.append("began")

    def run_ended(self, job: gocron.Job, run: gocron.RunRecord) -> None:
        self.events.append(f"ended: {run.outcome}")
        self.runs.append(run)
        self.next.append(job.next_run() if job in job._scheduler.jobs() else None)

    def tick_event(self, event: TickEvent) -> None:
        self.events.append(f"tick: {event.kind}")

    def job_unregistered(self, job: gocron.Job) -> None:
        self.events.append("unregistered")

    def __getattr__(self, name: str) -> Any:
        if name in vars(gocron.SchedulerMonitor):
            return lambda *_: None
        raise AttributeError(name)


def test_runs_as_in_the_history(fake_clock: FakeClock) -> None:
    """It hears of each run what the history keeps of it, also without a history."""
    told, errors = Told(), iter([None, ValueError("no")])
    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_scheduler_monitor(told)) as scheduler:
        job = scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(lambda: next(errors)))
        for _ in range(2):
            fake_clock.advance(HOUR)
            wait_for_runs(scheduler)
        assert told.runs == job.history()
        scheduler.update(job.id(), gocron.duration_job(HOUR), gocron.new_task(int), gocron.with_history_size(0))
        fake_clock.advance(HOUR)
        wait_for_runs(scheduler)
    assert told.events == ["began", "ended: success", "began", "ended: fail", "unregistered", "began", "ended: success"]


def test_the_next_tick_is_known_when_a_run_has_ended(fake_clock: FakeClock) -> None:
    """Also where it counts from the end of the run; and the last run is told before its job is removed."""
    told = Told()
    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_scheduler_monitor(told)) as scheduler:
        scheduler.new_job(
            gocron.duration_job(HOUR),
            gocron.new_task(lambda: fake_clock.advance(HOUR / 2)),
            gocron.with_interval_from_completion(),
            gocron.with_limited_runs(2),
        )
        first = fake_clock.now() + HOUR
        fake_clock.advance(HOUR)
        wait_for_runs(scheduler)
        assert told.next == [first + 1.5 * HOUR]
        fake_clock.advance(HOUR)
        wait_for_runs(scheduler)
    assert told.events == ["began", "ended: success", "began", "ended: success", "unregistered"]


def test_runs_that_do_not_start(fake_clock: FakeClock) -> None:
    """Paused ticks, ticks dropped by singleton mode and refused locks are runs that did not start."""
    told = Told()

    class Taken:
        def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
            raise gocron.TickTaken("elsewhere")

    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_scheduler_monitor(told)) as scheduler:
        scheduler.new_job(
            gocron.cron_job("0 * * * *"), gocron.new_task(int), gocron.with_distributed_job_locker(Taken())
        )
        paused = scheduler.new_job(gocron.cron_job("20 * * * *"), gocron.new_task(int))
        paused.pause()
        alone = scheduler.new_job(
            gocron.cron_job("40 * * * *"),
            gocron.new_task(lambda: alone.run_now()),
            gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
        )
        for _ in range(3):
            fake_clock.advance(timedelta(minutes=20))
            wait_for_runs(scheduler)
    assert sorted((str(run.outcome), str(run.lock), run.started is None) for run in told.runs) == [
        ("singleton_rescheduled", "None", True),
        ("skip", "None", True),
        ("skip", "held", True),
        ("success", "None", False),
    ]


def test_events_of_tick_lockers(fake_clock: FakeClock) -> None:
    """What a tick locker tells of a scheduler's jobs that scheduler's monitor hears."""
    told = Told()
    locker = MemoryTickLocker(MemoryStore(fake_clock), start_deadline=timedelta(seconds=5), catch_up="none")
    options = gocron.with_clock(fake_clock), gocron.with_distributed_locker(locker)
    with gocron.new_scheduler(*options, gocron.with_scheduler_monitor(told)) as scheduler:
        job = scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(int), gocron.with_name("late"))
        fake_clock.set(fake_clock.now() + 10 * HOUR + timedelta(minutes=1))
        wait_for_runs(scheduler)
        assert job.history()
    assert "tick: missed" in told.events
    locker.close()


def test_surroundings_see_an_error_that_is_returned(fake_clock: FakeClock) -> None:
    """What is around a task sees the error that it returns, as ported Go does, as one that it raises."""
    seen: list[object] = []

    class Session:
        def __enter__(self) -> None: ...

        def __exit__(self, kind: object, error: object, trace: object) -> None:
            seen.append(error)

    returned = ValueError("disk full")
    with gocron.new_scheduler(gocron.with_clock(fake_clock)) as scheduler:
        job = scheduler.new_job(
            gocron.duration_job(HOUR), gocron.new_task(lambda: returned), gocron.with_surroundings(Session)
        )
        fake_clock.advance(HOUR)
        wait_for_runs(scheduler)
        assert [record.error for record in job.history()] == ["ValueError: disk full"]
    assert seen == [returned]


def test_protocol() -> None:
    """It is a SchedulerMonitor with three methods more; who lacks one is none."""
    own = {name for name in vars(gocron.RunMonitor) if not name.startswith("_")}
    assert {"run_began", "run_ended", "tick_event"} <= own
    # As the library asks: from Python 3.12 on isinstance() looks past __getattr__.
    assert satisfies(Told(), gocron.RunMonitor)
    assert satisfies(Told(), gocron.SchedulerMonitor)
    deaf = type("Deaf", (), dict.fromkeys(own - {"run_ended"}, print))()
    assert not satisfies(deaf, gocron.RunMonitor)


@pytest.mark.parametrize("method", ["run_began", "run_ended"])
def test_one_that_raises_changes_nothing(method: str, fake_clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """What it raises is logged; runs go on."""
    told = Told()

    def fail(*_: object) -> None:
        raise SystemExit(3)

    setattr(told, method, fail)
    with gocron.new_scheduler(gocron.with_clock(fake_clock), gocron.with_scheduler_monitor(told)) as scheduler:
        job = scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(int))
        fake_clock.advance(HOUR)
        wait_for_runs(scheduler)
        assert [run.outcome for run in job.history()] == [gocron.JobStatus.SUCCESS]
    assert f"RunMonitor.{method} raised" in caplog.text
