"""Faults 37 to 43: the wall clock is set, the machine sleeps, clocks slew and disagree, timers are early."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from fault_kit import HOUR, LIMIT, MINUTE, MS, NOW, SECOND, Script, Witness, until

import gocron_py as gocron
from gocron_py import clock as clock_module
from gocron_py.distributed import TickLocker
from gocron_py.distributed.events import TickEventKind
from gocron_py.distributed.memory import MemoryStore
from gocron_py.distributed.sqlite import SQLiteTickLocker
from gocron_py.distributed.store import Snapshot, TickStore
from gocron_py.instant import datetime_of, instant_of
from gocron_py.testing import FakeClock, wait_for_runs

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
    """The machine's clocks, as all code reads them: they go as they do, plus what a test adds, at the rate it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._wall, self._clock = time.time_ns, time.clock_gettime_ns
        self.slept = 0
        self.rate = 1.0
        self.began = self._wall()
        monkeypatch.setattr(time, "time_ns", self.time_ns)
        monkeypatch.setattr(time, "clock_gettime_ns", self.clock_gettime_ns)

    def time_ns(self) -> int:
        wall = self._wall()
        return wall + int((wall - self.began) * (self.rate - 1)) + self.slept

    def clock_gettime_ns(self, clock: int) -> int:
        return self._clock(clock) + (self.slept if clock == time.CLOCK_BOOTTIME else 0)

    def suspend(self, length: timedelta) -> None:
        """The machine was asleep: wall clock and CLOCK_BOOTTIME went on, monotonic time-outs did not."""
        self.slept += length // timedelta(microseconds=1) * 1000


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux counts the time asleep")
def test_39_suspend(make_scheduler: MakeScheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    """After eight hours asleep each job that was due runs once, within a second, and goes on at its next tick."""
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


def now() -> datetime:
    return datetime.fromtimestamp(time.time_ns() / 1e9, UTC)


def to_half_past() -> timedelta:
    """The time to the next half hour after a full one: no tick of an hourly job is due while a test runs."""
    return HOUR - (now() - datetime(2024, 1, 1, 0, 30, tzinfo=UTC)) % HOUR


class Asleep(TickStore):
    """The store, as a machine sees it that can be asleep: what it asks then it asks when it wakes."""

    def __init__(self, store: TickStore) -> None:
        self.store = store
        self.poll = store.poll
        self.awake = threading.Event()
        self.awake.set()
        self.is_down = False

    def load(self, keys: Sequence[str]) -> Snapshot:
        self.reach()
        return self.store.load(keys)

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        self.reach()
        return self.store.compare_and_set(key, version, text)

    def reach(self) -> None:
        assert self.awake.wait(LIMIT)
        if self.is_down:
            raise gocron.StoreDown("no network yet")


class Leased:
    """An instance that begins a run at once; it waits for the end of its context, or of the test."""

    def __init__(self, make_scheduler: MakeScheduler, locker: TickLocker, gate: threading.Event) -> None:
        self.scheduler = make_scheduler(gocron.with_distributed_locker(locker), real=True)
        self.locker = locker
        self.gate = gate
        self.runs: list[gocron.CurrentRun] = []
        self.lost: list[Exception] = []
        self.told: list[Exception] = []
        self.job = self.scheduler.new_job(
            gocron.duration_job(HOUR),
            gocron.new_task(self.run),
            gocron.with_name("job"),
            gocron.with_start_at(gocron.with_start_immediately()),
            gocron.with_event_listeners(gocron.after_lock_error(lambda _id, _name, error: self.told.append(error))),
        )
        self.scheduler.start()

    def run(self) -> None:
        run = gocron.current_run()
        self.runs.append(run)
        if run.tick.kind is gocron.TickKind.START:
            until(lambda: run.context.done() or self.gate.is_set())
            cause = run.context.cause()
            self.lost += [cause] if cause is not None else []

    def kinds(self) -> list[TickEventKind]:
        return [event.kind for event in self.locker.recent_events()]


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux counts the time asleep")
def test_39_suspend_loses_leases(
    make_scheduler: MakeScheduler, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    """A machine sleeps for eight hours: to the others the holder is dead, and its context ends when it wakes.

    The ticks that were due meanwhile are one catch-up run, over both.
    """
    seam = Seam(monkeypatch)
    seam.suspend(to_half_past())
    store = MemoryStore()
    sleeper = Asleep(store)
    first = Leased(make_scheduler, TickLocker(sleeper), gate)
    until(lambda: first.runs)
    second = Leased(make_scheduler, TickLocker(store), gate)
    until(lambda: second.told)
    assert [gocron.TickTaken] == [type(error) for error in second.told]
    sleeper.awake.clear()
    seam.suspend(8 * HOUR)
    until(lambda: second.runs)
    assert not first.runs[0].context.done()
    sleeper.awake.set()
    woken = time.monotonic()
    until(lambda: first.lost)
    assert time.monotonic() - woken < NOTICED
    until(lambda: first.told)
    for instance in (first, second):
        wait_for_runs(instance.scheduler)
        instance.scheduler.shutdown()
        instance.locker.close()
    assert [gocron.LockLost] == [type(error) for error in first.lost]
    assert gocron.LockLost in {type(error) for error in first.told}
    assert TickEventKind.LOST in first.kinds()
    assert TickEventKind.CRASHED in second.kinds()
    held, caught_up = first.runs[0], [run for run in first.runs + second.runs if run.tick.kind is gocron.TickKind.GRID]
    assert 1 == len(caught_up)
    assert (caught_up[0].fence or 0) > (held.fence or 0)
    assert timedelta(minutes=30) <= now() - caught_up[0].tick.at < timedelta(minutes=31)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux counts the time asleep")
def test_39_suspend_and_no_store_to_ask(
    make_scheduler: MakeScheduler, monkeypatch: pytest.MonkeyPatch, gate: threading.Event
) -> None:
    """A machine that wakes without a network knows that its leases are over by the time it slept: contexts end."""
    seam = Seam(monkeypatch)
    seam.suspend(to_half_past())
    sleeper = Asleep(MemoryStore())
    only = Leased(make_scheduler, TickLocker(sleeper), gate)
    until(lambda: only.runs)
    sleeper.is_down = True
    seam.suspend(15 * SECOND)  # half of the lease: it may yet be renewed
    looks = only.locker._keeper._looks
    until(lambda: only.locker._keeper._looks >= looks + 2)
    assert not only.runs[0].context.done()
    seam.suspend(20 * SECOND)
    until(lambda: only.lost)
    sleeper.is_down = False
    wait_for_runs(only.scheduler)
    only.scheduler.shutdown()
    only.locker.close()
    assert [gocron.LockLost] == [type(error) for error in only.lost]
    assert TickEventKind.LOST in only.kinds()


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="only Linux counts the time asleep")
def test_39_suspend_of_a_machine_that_shares_with_nobody(
    make_scheduler: MakeScheduler, monkeypatch: pytest.MonkeyPatch, gate: threading.Event, tmp_path: Path
) -> None:
    """Under SQLite a holder lives as long as its process: all slept, the run goes on, and its context with it.

    The ticks that were due meanwhile are one run after it, not beside it.
    """
    seam = Seam(monkeypatch)
    seam.suspend(to_half_past())
    instances = [Leased(make_scheduler, SQLiteTickLocker(tmp_path / "ticks.db"), gate)]
    until(lambda: instances[0].runs)
    instances.append(Leased(make_scheduler, SQLiteTickLocker(tmp_path / "ticks.db"), gate))
    first, second = instances
    until(lambda: second.told)
    seam.suspend(8 * HOUR)
    until(lambda: all(TickEventKind.MISSED in instance.kinds() for instance in instances))  # the first of eight
    assert ([False], []) == ([run.context.done() for run in first.runs], second.runs)
    gate.set()
    until(lambda: len(first.runs) + len(second.runs) == 2)
    for instance in instances:
        wait_for_runs(instance.scheduler)
        instance.scheduler.shutdown()
        instance.locker.close()
    assert [] == first.lost == second.lost
    assert TickEventKind.LOST not in {*first.kinds(), *second.kinds()}
    assert timedelta(minutes=30) <= now() - (first.runs[1:] + second.runs)[0].tick.at < timedelta(minutes=31)


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
    """A clock whose timers end before their time, and sometimes for no reason. They alone move it, up to *end*."""

    def __init__(self, early: timedelta, end: datetime) -> None:
        self.early = early // timedelta(microseconds=1)
        self.instant, self.end = instant_of(NOW, UTC), instant_of(end, UTC)

    def now(self) -> datetime:
        return datetime_of(self.instant, UTC)

    def new_timer(self) -> gocron.Timer:
        return EarlyTimer(self)


class EarlyTimer:
    def __init__(self, clock: Early) -> None:
        self.clock = clock
        self.bell = threading.Semaphore(0)
        self.calls = 0

    def wait_until(self, due: int | None, waiters: int) -> int:
        clock = self.clock
        self.calls += 1
        if self.calls % 7 == 0:
            return 0
        if due is None or due > clock.end:
            self.bell.acquire(timeout=LIMIT)
        else:
            clock.instant = due - clock.early if clock.instant < due - clock.early else due
        return 0

    def wake(self) -> None:
        self.bell.release()

    def close(self) -> None: ...


def test_41_timer_fires_early() -> None:
    """A timer that ends 10 ms early is slept in again: no tick runs before its time, none twice (good_job #1543)."""
    starts = Starts()
    clock = Early(10 * MS, NOW + 30 * 50 * MS)
    with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_location("UTC")) as scheduler:
        job = scheduler.new_job(gocron.duration_job(50 * MS), gocron.new_task(starts), gocron.with_history_size(100))
        until(lambda: len(job.history()) >= 30)
        scheduler.stop_jobs()
        records = sorted(job.history(), key=lambda record: record.scheduled)
    assert [] == [record for record in records if record.started is None or record.started < record.scheduled]
    ticks = [record.scheduled for record in records]
    assert 30 == len(ticks)
    assert [50 * MS] * (len(ticks) - 1) == [later - earlier for earlier, later in itertools.pairwise(ticks)]


def test_41_a_real_timer_does_not_sleep_for_what_is_past() -> None:
    """Nor after many ticks that were near to each other, for which it sleeps longer than it is asked to."""
    timer = clock_module.RealClock().new_timer()
    slept: list[float] = []

    class Bell:
        def acquire(self, timeout: float) -> bool:
            slept.append(timeout)
            return False

    setattr(timer, "_bell", Bell())  # noqa: B010 - it is nobody's business
    for _ in range(5):
        timer.wait_until(time.time_ns() // 1000 + 20, 1)
    slept.clear()
    timer.wait_until(time.time_ns() // 1000 - 100, 1)
    assert [] == slept


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

    (That under a tick locker only one of them runs each is tested in tests/distributed.)
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
