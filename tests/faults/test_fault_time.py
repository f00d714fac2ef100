"""Faults 37 to 43: the wall clock is set, the machine sleeps, clocks slew and disagree, timers are early."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from fault_kit import HOUR, LIMIT, MINUTE, MS, NOW, SECOND, Script, Witness, until

import gocron_py as gocron
from gocron_py import clock as clock_module
from gocron_py.testing import FakeClock

MakeScheduler = Callable[..., gocron.Scheduler]
RunScript = Callable[..., Script]

NOTICED = 1.0
"""Seconds within which a clock that was set must be noticed."""


class Starts:
    """When a task was started: by the real clock that nobody sets, and by the wall."""

    def __init__(self) -> None:
        self.real: list[float] = []
        self.wall: list[datetime] = []

    def __call__(self) -> None:
        self.wall.append(datetime.now(UTC))
        self.real.append(time.monotonic())

    def __len__(self) -> int:
        return len(self.real)

    def since(self, moment: float) -> list[float]:
        """The seconds after *moment* of the starts after it."""
        return [start - moment for start in list(self.real) if start >= moment]


@dataclass
class Day:
    """A scheduler on the real clock with jobs of every kind, and a wall clock that can be set."""

    scheduler: gocron.Scheduler
    witness: Witness
    interval: Starts
    minutely: Starts
    daily: Starts
    jobs: dict[str, gocron.Job]


EVERY = 100 * MS


def start_day(make_scheduler: MakeScheduler) -> Day:
    """Jobs every 0.1 s, every minute and every day; the minute and the day do not change while a test runs."""
    witness = Witness()
    day = Day(make_scheduler(gocron.with_logger(witness), real=True), witness, Starts(), Starts(), Starts(), {})
    new = day.scheduler.new_job
    day.jobs["interval"] = new(gocron.duration_job(EVERY), gocron.new_task(day.interval))
    day.jobs["minutely"] = new(gocron.cron_job("* * * * *"), gocron.new_task(day.minutely))
    day.jobs["daily"] = new(gocron.daily_job(1, [gocron.new_at_time(12, 30, 0)]), gocron.new_task(day.daily))
    day.scheduler.start()
    until(lambda: len(day.interval) >= 3)
    return day


@contextmanager
def wall_clock(moment: datetime) -> Iterator[time_machine.Traveller]:
    """The wall clock shows *moment* and goes on; the traveller sets it."""
    with time_machine.travel(moment, tick=True) as traveller:
        yield traveller


def check_interval_goes_on(day: Day, jump: float) -> None:
    """One run at most too many, no gap of more than a second, and then in its rhythm again."""
    until(lambda: len(day.interval.since(jump)) >= 12)
    starts = day.interval.since(jump)[:12]
    assert starts[0] < NOTICED
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert max(gaps) < NOTICED
    # A storm would be many starts at once: eleven intervals of 0.1 s take 1.1 s, one may be a catch-up.
    assert starts[-1] - starts[0] > 0.85


@pytest.mark.slow
def test_37_wall_clock_set_forward(make_scheduler: MakeScheduler) -> None:
    """An hour forward: within a second one catch-up run of a job that was due, no storm, and the next tick on time."""
    with wall_clock(NOW + timedelta(seconds=5)) as traveller:
        day = start_day(make_scheduler)
        traveller.shift(3600)
        jump = time.monotonic()
        check_interval_goes_on(day, jump)
        until(lambda: len(day.minutely) and len(day.daily))
        assert (1, 1) == (len(day.minutely), len(day.daily))
        assert max(day.minutely.since(jump)[0], day.daily.since(jump)[0]) < NOTICED
        assert NOW + HOUR + MINUTE == day.jobs["minutely"].next_run()
        assert NOW + timedelta(days=1, minutes=30) == day.jobs["daily"].next_run()
        day.scheduler.shutdown()
        assert "gocron: the wall clock was set" in day.witness.said("warn")
        assert [] == day.witness.said("error")


@pytest.mark.slow
def test_38_wall_clock_set_backward(make_scheduler: MakeScheduler) -> None:
    """An hour back: intervals go on within a second, nothing that had run by the wall runs again."""
    with wall_clock(NOW + timedelta(minutes=29, seconds=58, milliseconds=500)) as traveller:
        day = start_day(make_scheduler)
        until(lambda: len(day.minutely) and len(day.daily))  # 12:30:00
        traveller.shift(-3600)
        jump = time.monotonic()
        check_interval_goes_on(day, jump)
        assert (1, 1) == (len(day.minutely), len(day.daily))
        assert NOW + timedelta(minutes=31) == day.jobs["minutely"].next_run()
        assert NOW + timedelta(days=1, minutes=30) == day.jobs["daily"].next_run()
        ticks = [record.scheduled for record in day.jobs["interval"].history()]
        assert len(ticks) == len(set(ticks))
        day.scheduler.shutdown()
        assert "gocron: the wall clock was set" in day.witness.said("warn")
        assert [] == day.witness.said("error")


@pytest.mark.slow
def test_38_there_and_back(make_scheduler: MakeScheduler) -> None:
    """A clock that was wrong by an hour for a moment costs each job by the wall one early run; none is missed then."""
    with wall_clock(NOW + timedelta(seconds=5)) as traveller:
        day = start_day(make_scheduler)
        traveller.shift(3600)
        until(lambda: len(day.minutely) == len(day.daily) == 1)
        traveller.shift(-3600)
        jump = time.monotonic()
        check_interval_goes_on(day, jump)
        # 12:01 was due by the wrong clock, and has run; the next one is not an hour later.
        assert [NOW + MINUTE] == [record.scheduled for record in day.jobs["minutely"].history()]
        assert NOW + 2 * MINUTE == day.jobs["minutely"].next_run()
        assert NOW + timedelta(days=1, minutes=30) == day.jobs["daily"].next_run()


@pytest.mark.slow
def test_38_small_steps_are_no_jumps(make_scheduler: MakeScheduler) -> None:
    """Steps of a few milliseconds, as a time service makes them, are neither warned of nor felt."""
    with wall_clock(NOW + timedelta(seconds=5)) as traveller:
        day = start_day(make_scheduler)
        for step in (20, -20, 30, -30, 10, -10):
            traveller.shift(timedelta(milliseconds=step))
            time.sleep(0.05)
        check_interval_goes_on(day, time.monotonic())
        assert [] == day.witness.said("warn")


class Seam:
    """The two clocks below the real one: they go as they do, plus what a test adds, at the rate it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.passed = clock_module._wall, clock_module.elapsed
        self.slept = 0
        self.rate = 1.0
        self.began = self.wall()
        monkeypatch.setattr(clock_module, "_wall", self._wall)
        monkeypatch.setattr(clock_module, "elapsed", lambda: self.passed() + self.slept)

    def _wall(self) -> int:
        wall = self.wall()
        return wall + int((wall - self.began) * (self.rate - 1)) + self.slept

    def suspend(self, length: timedelta) -> None:
        """The machine was asleep: wall clock and CLOCK_BOOTTIME went on, monotonic time-outs did not."""
        self.slept += length // timedelta(microseconds=1)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux counts the time asleep")
def test_39_suspend(make_scheduler: MakeScheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    """After eight hours asleep each job that was due runs once, within a second, and goes on at its next tick.

    (That leases are lost and the contexts of their runs cancelled is a matter of the stores, which are not there yet.)
    """
    seam = Seam(monkeypatch)
    witness = Witness()
    scheduler = make_scheduler(gocron.with_logger(witness), real=True)
    fast, hourly, minutely = Starts(), Starts(), Starts()
    jobs = [
        scheduler.new_job(gocron.duration_job(EVERY), gocron.new_task(fast)),
        scheduler.new_job(gocron.duration_job(HOUR), gocron.new_task(hourly)),
        scheduler.new_job(gocron.cron_job("*/7 * * * *"), gocron.new_task(minutely)),
    ]
    scheduler.start()
    until(lambda: len(fast) >= 3)
    count = len(minutely)
    phase = jobs[1].next_run()
    assert phase is not None
    seam.suspend(8 * HOUR)
    woken = time.monotonic()
    until(lambda: len(hourly) and len(minutely) > count)
    assert max(hourly.since(woken)[0], minutely.since(woken)[0]) < NOTICED
    until(lambda: len(fast.since(woken)) >= 12)
    fasts = fast.since(woken)[:12]
    assert fasts[0] < NOTICED
    assert fasts[-1] - fasts[0] > 0.85
    assert (1, count + 1) == (len(hourly), len(minutely))
    assert phase + 8 * HOUR == jobs[1].next_run()
    assert [] == [message for message in witness.said("warn") if "clock was set" in message]


@pytest.mark.slow
@pytest.mark.parametrize("rate", [1.0005, 0.9995, 1.05, 0.95])
def test_40_slew(make_scheduler: MakeScheduler, monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
    """On a wall clock that runs fast or slow (500 ppm as NTP slews; 5 % as none does) nothing fires early.

    Nor is it taken for a clock that was set, up to what NTP does.
    """
    seam = Seam(monkeypatch)
    seam.rate = rate
    witness = Witness()
    scheduler = make_scheduler(gocron.with_logger(witness), real=True)
    starts = Starts()
    job = scheduler.new_job(gocron.duration_job(20 * MS), gocron.new_task(starts), gocron.with_history_size(100))
    scheduler.start()
    until(lambda: len(starts) >= 60)
    scheduler.stop_jobs()
    records = job.history()
    assert [] == [record for record in records if record.started is None or record.started < record.scheduled]
    ticks = [record.scheduled for record in records]
    assert len(ticks) == len(set(ticks))
    assert [] == witness.said("warn")


class Early:
    """A clock whose timers end before their time, and sometimes for no reason."""

    def __init__(self, early: timedelta) -> None:
        self.early = early // timedelta(microseconds=1)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_timer(self) -> gocron.Timer:
        return EarlyTimer(self.early)


class EarlyTimer:
    def __init__(self, early: int) -> None:
        self.early = early
        self.timer = clock_module.RealClock().new_timer()
        self.calls = 0

    def wait_until(self, due: int | None, waiters: int) -> int:
        self.calls += 1
        if self.calls % 7 == 0:
            return 0
        return self.timer.wait_until(None if due is None else due - self.early, waiters)

    def wake(self) -> None:
        self.timer.wake()

    def close(self) -> None:
        self.timer.close()


@pytest.mark.slow
def test_41_timer_fires_early() -> None:
    """A timer that ends 10 ms early is slept in again: no tick runs before its time, none twice (good_job #1543)."""
    starts = Starts()
    with gocron.new_scheduler(gocron.with_clock(Early(10 * MS)), gocron.with_location("UTC")) as scheduler:
        job = scheduler.new_job(gocron.duration_job(50 * MS), gocron.new_task(starts), gocron.with_history_size(100))
        until(lambda: len(starts) >= 25)
        scheduler.stop_jobs()
        records = job.history()
    assert [] == [record for record in records if record.started is None or record.started < record.scheduled]
    ticks = [record.scheduled for record in records]
    assert [50 * MS] * (len(ticks) - 1) == [later - earlier for earlier, later in itertools.pairwise(ticks)]


@pytest.mark.parametrize(
    "definition",
    [
        gocron.cron_job("*/5 * * * * *", with_seconds=True),
        gocron.cron_job("TZ=Asia/Kolkata 31 17 * * *"),
        gocron.daily_job(1, [gocron.new_at_time(12, 0, 30)]),
        gocron.rrule_job("DTSTART:20240101T000000Z\nRRULE:FREQ=SECONDLY;INTERVAL=20"),
    ],
    ids=["cron", "cron in a zone", "daily", "rrule"],
)
def test_42_skew_between_instances(definition: gocron.JobDefinition) -> None:
    """Instances whose clocks differ by five seconds either way name their ticks alike: by the same UTC instants.

    (That of one tick only one instance makes a run needs claims, which are not there yet.)
    """
    instants = []
    for skew in (-5, 0, 5):
        clock = FakeClock(NOW + timedelta(seconds=skew, microseconds=skew * 1017))
        with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
            job = scheduler.new_job(definition, gocron.new_task(lambda: None), gocron.with_history_size(1000))
            clock.advance(2 * MINUTE)
            until(lambda job=job: all(record.completed for record in job.history()) and not job.is_running())
            instants.append({record.scheduled.astimezone(UTC) for record in job.history()})
    start, end = NOW + 6 * SECOND, NOW + 2 * MINUTE - 6 * SECOND
    common = [{tick for tick in ticks if start <= tick <= end} for ticks in instants]
    assert common[0] == common[1] == common[2]
    assert [] == [tick for ticks in common for tick in ticks if tick.microsecond]
    assert common[0]


def test_43_time_zone_changed_at_run(run_script: RunScript) -> None:
    """TZ changed and tzset() called while jobs are scheduled: a scheduler keeps the zone it was made with.

    One that is made afterwards has the new one.
    """
    script = run_script(
        """
        from datetime import datetime, timezone
        from gocron_py.testing import FakeClock
        clock = FakeClock(datetime(2024, 6, 15, 12, tzinfo=timezone.utc))
        runs = []
        def new():
            s = gocron.new_scheduler(gocron.with_clock(clock))
            s.new_job(gocron.daily_job(1, [gocron.new_at_time(15, 0, 0)]), gocron.new_task(lambda: runs.append(1)))
            s.start()
            return s
        def zone(name):
            os.environ["TZ"] = name
            time.tzset()
        def show(s):
            say(*[tick.isoformat() for tick in s.jobs()[0].next_runs(2)])
        zone("Europe/Berlin")
        first = new()
        show(first)
        zone("America/New_York")
        show(first)
        second = new()
        show(second)
        clock.advance(timedelta(hours=1))
        until(lambda: len(runs) == 1)
        show(first)
        zone(":")
        clock.advance(timedelta(days=1))
        until(lambda: len(runs) == 3)
        show(first)
        first.shutdown()
        second.shutdown()
        """,
        TZ="UTC",
    )
    ended = script.end()
    assert (0, "") == (ended.code, ended.err)
    berlin = [f"2024-06-{day}T15:00:00+02:00" for day in range(15, 20)]
    assert [
        " ".join(berlin[0:2]),
        " ".join(berlin[0:2]),
        "2024-06-15T15:00:00-04:00 2024-06-16T15:00:00-04:00",
        " ".join(berlin[1:3]),
        " ".join(berlin[2:4]),
    ] == ended.out


def test_43_a_zone_that_is_none(run_script: RunScript) -> None:
    """Rubbish in TZ is no reason to fail: the C library's idea of local time is taken."""
    script = run_script(
        """
        s = gocron.new_scheduler()
        ran = threading.Event()
        job = s.new_job(every(10), gocron.new_task(ran.set))
        with s:
            say(ran.wait(10), job.next_run().utcoffset())
        """,
        TZ="../../etc/passwd",
    )
    ended = script.end()
    assert (0, "", ["True 0:00:00"]) == (ended.code, ended.err, ended.out)


def test_37_jump_of_the_fake_clock_and_of_the_real_one_agree(clock: FakeClock) -> None:
    """What is tested above with the real clock is what FakeClock.set does: one catch-up, then in phase."""
    ran = threading.Semaphore(0)
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
        job = scheduler.new_job(gocron.cron_job("* * * * *"), gocron.new_task(ran.release))
        clock.set(NOW + HOUR + 5 * SECOND)
        assert ran.acquire(timeout=LIMIT)
        assert not ran.acquire(timeout=0.05)
        assert NOW + HOUR + MINUTE == job.next_run()
        clock.set(NOW)
        assert not ran.acquire(timeout=0.05)
        clock.advance(MINUTE)
        # 12:01 was the tick that was caught up; 12:02 is the first it has not had.
        assert not ran.acquire(timeout=0.05)
        clock.advance(MINUTE)
        assert ran.acquire(timeout=LIMIT)
