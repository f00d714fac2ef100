"""The grid that instances share under a tick locker: the same ticks, whenever each of them was started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_tools import built, instant, shown

import gocron_py as gocron
from gocron_py.definitions import Setup
from gocron_py.distributed.memory import MemoryTickLocker
from gocron_py.instant import LAST, SECOND, Instant, datetime_of
from gocron_py.schedules import Schedule
from gocron_py.schedules.grid import GridSchedule, RandomGridSchedule, share_of
from gocron_py.schedules.interval import DurationRandomSchedule, DurationSchedule
from gocron_py.schedules.wall_time import DAY, DaylightSavingsTimePolicy, load_location
from gocron_py.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Kathmandu", "Australia/Lord_Howe")

SINCE, UNTIL = instant("1990-01-01"), instant("2060-01-01")
EPOCH = date(1970, 1, 1)

moments = st.integers(SINCE, UNTIL)
lengths = st.integers(1, 40 * DAY)
names = st.text(min_size=1, max_size=20)
policies = st.sampled_from(DaylightSavingsTimePolicy)


def on_grid(
    definition: gocron.JobDefinition,
    now: Instant,
    zone: str = "UTC",
    name: str = "job",
    *,
    policy: DaylightSavingsTimePolicy = DaylightSavingsTimePolicy.DEFAULT,
    start: Instant | None = None,
    splay: int = 0,
) -> Schedule:
    """What a scheduler under a tick locker builds at *now*."""
    return definition.build(
        Setup(location=load_location(zone), now=now, dst_policy=policy, start=start, grid=name, splay=splay)
    )


def walk(schedule: Schedule, after: Instant, count: int) -> list[Instant]:
    """The next *count* ticks, each found from the one before."""
    found: list[Instant] = []
    while len(found) < count and (tick := schedule.next(found[-1] if found else after)) is not None:
        found.append(tick)
    return found


# -- durations -------------------------------------------------------------------------------------


@given(lengths, moments, moments)
def test_durations_lie_on_the_epoch(duration: int, now: Instant, after: Instant) -> None:
    """The next tick is the first multiple of the duration, whenever the instance was started."""
    schedule = on_grid(gocron.duration_job(timedelta(microseconds=duration)), now)
    assert schedule.next(after) == (after // duration + 1) * duration


@given(lengths, st.integers(SINCE, UNTIL), moments)
def test_durations_lie_on_a_start(duration: int, start: Instant, after: Instant) -> None:
    """A start moves the grid, in both directions of time."""
    schedule = on_grid(gocron.duration_job(timedelta(microseconds=duration)), SINCE, start=start)
    tick = schedule.next(after)
    assert tick is not None
    assert 0 < tick - after <= duration
    assert (tick - start) % duration == 0


def test_start_immediately_is_no_anchor() -> None:
    """It is another moment on each instance."""
    setup = Setup(load_location("UTC"), SINCE + 7, start=SINCE + 7, start_immediately=True, grid="job")
    schedule = gocron.duration_job(timedelta(seconds=10)).build(setup)
    assert schedule.next(SINCE + 7) == SINCE + 10 * SECOND


@given(st.integers(2, DAY), st.integers(1, 2 * DAY), names, moments)
def test_splay_shifts_by_less_than_the_interval(duration: int, splay: int, name: str, after: Instant) -> None:
    """The shift is shorter than the splay and the interval, the same on two instances and for every tick."""
    definition = gocron.duration_job(timedelta(microseconds=duration))
    one, other = (on_grid(definition, now, name=name, splay=splay) for now in (SINCE, after))
    ticks = walk(one, after, 3)
    assert ticks == walk(other, after, 3)
    assert {tick % duration for tick in ticks} == {share_of(name, min(splay, duration))}
    assert ticks[0] % duration < min(splay, duration)


def test_splay_spreads_the_jobs_of_a_fleet() -> None:
    """A hundred jobs of a minute with a splay of a minute fall into every quarter of it."""
    schedules = (
        on_grid(gocron.duration_job(timedelta(minutes=1)), SINCE, name=f"job {n}", splay=60 * SECOND)
        for n in range(100)
    )
    quarters = [int(tick or 0) % (60 * SECOND) // (15 * SECOND) for tick in (s.next(SINCE) for s in schedules)]
    assert all(quarters.count(quarter) >= 10 for quarter in range(4))


def test_shares_are_those_of_all_versions() -> None:
    """Two releases side by side must agree: these numbers never change."""
    assert [share_of(name, 60 * SECOND) for name in ("job", "jöb", "\ud800")] == SHARES
    assert share_of("job", 0) == 0


SHARES = [27_130_148, 59_897_501, 57_903_464]


# -- random durations ------------------------------------------------------------------------------

bounds = st.tuples(st.integers(1, 3 * DAY), st.integers(1, 3 * DAY)).filter(lambda pair: pair[0] < pair[1])


@given(bounds, names, moments, moments)
def test_random_durations_keep_their_bounds(pair: tuple[int, int], name: str, now: Instant, after: Instant) -> None:
    """Ticks are apart by at least the shorter and at most the longer time, and the same on two instances."""
    shortest, longest = pair
    definition = gocron.duration_random_job(timedelta(microseconds=shortest), timedelta(microseconds=longest))
    one, other = (on_grid(definition, at, name=name) for at in (now, SINCE))
    ticks = walk(one, after, 30)
    assert ticks == walk(other, after, 30)
    assert ticks[0] - after <= longest
    assert all(shortest <= later - earlier <= longest for earlier, later in pairwise(ticks))


def test_random_durations_look_random() -> None:
    """Gaps fill the range from one end to the other, and two jobs have ticks of their own."""
    one, other = (RandomGridSchedule(10 * SECOND, 30 * SECOND, name) for name in ("one", "other"))
    ticks = walk(one, SINCE, 1000)
    gaps = [later - earlier for earlier, later in pairwise(ticks)]
    assert min(gaps) < 11 * SECOND
    assert max(gaps) > 29 * SECOND
    assert len(set(ticks) & set(walk(other, SINCE, 1000))) < 5


# -- what holds for all of the grid -----------------------------------------------------------------

times_of_day = st.lists(st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])), min_size=1, max_size=3)
intervals = st.sampled_from([1, 2, 3, 5, 14])


@st.composite
def calendars(draw: st.DrawFn) -> gocron.JobDefinition:
    at, interval = draw(times_of_day), draw(intervals)
    kind = draw(st.sampled_from(["daily", "weekly", "monthly"]))
    if kind == "daily":
        return gocron.daily_job(interval, at)
    if kind == "weekly":
        return gocron.weekly_job(interval, draw(st.sets(st.integers(0, 6), min_size=1)), at)
    return gocron.monthly_job(
        interval, draw(st.sets(st.integers(1, 28) | st.integers(-28, -1), min_size=1, max_size=3)), at
    )


durations = lengths.map(lambda micros: gocron.duration_job(timedelta(microseconds=micros)))
randoms = bounds.map(lambda pair: gocron.duration_random_job(*(timedelta(microseconds=each) for each in pair)))
everies = st.integers(1, 200_000).map(lambda seconds: gocron.cron_job(f"@every {seconds}s"))
rules = st.tuples(st.sampled_from(["DAILY", "WEEKLY", "HOURLY", "MINUTELY"]), st.integers(1, 12)).map(
    lambda pair: gocron.rrule_job("FREQ={};INTERVAL={}".format(*pair))
)


# Clocks are changed there: in Berlin, New York, Havana and on Lord Howe Island, forward and back.
CHANGES = ("2024-03-31T01", "2024-10-27T01", "2024-11-03T06", "2024-03-10T05", "2024-11-03T05", "2024-04-06T15")
near_changes = st.builds(lambda text, off: instant(text) + off, st.sampled_from(CHANGES), st.integers(-DAY, DAY))
crontabs = st.sampled_from(
    ["0 * * * *", "*/30 * * * *", "30 1 * * *", "*/7 0-4 * * *", "15,45 2 * * *", "0 0 * * 0", "59 23 28-31 * *"]
).map(gocron.cron_job)
all_definitions = calendars() | durations | randoms | rules | crontabs | everies


@given(all_definitions, st.sampled_from(ZONES), moments, moments | near_changes, policies, st.data())
def test_any_two_instances_agree(
    definition: gocron.JobDefinition,
    zone: str,
    now: Instant,
    after: Instant,
    policy: DaylightSavingsTimePolicy,
    data: st.DataObject,
) -> None:
    """Ticks are later each time; an instance that was started at another moment, and asks from any, has the same."""
    one, other = (on_grid(definition, at, zone, policy=policy) for at in (now, after))
    ticks = walk(one, after, 6)
    assert len(ticks) == 6
    assert all(earlier < later for earlier, later in pairwise([after, *ticks]))
    anywhere = data.draw(st.integers(after, ticks[-1] - 1) | st.sampled_from([after, *ticks[:-1]]))
    expected = next(tick for tick in ticks if tick > anywhere)
    assert other.next(anywhere) == expected
    assert other.resume(ticks[0], expected) == expected
    assert other.resume(ticks[0], anywhere + 1) == max(expected, ticks[0])
    assert other.resume(expected, anywhere) == expected  # a start that is still to come is itself the first


@given(durations | randoms | everies, st.integers(LAST - 40 * DAY, LAST))
def test_ends_with_the_year_9999(definition: gocron.JobDefinition, after: Instant) -> None:
    tick = on_grid(definition, SINCE).next(after)
    assert tick is None or after < tick <= LAST


# -- intervals of days, weeks and months ------------------------------------------------------------


def sunday_of(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


def every_nth_day(n: int, anchor: date) -> Callable[[date], bool]:
    return lambda day: (day - anchor).days % n == 0


def every_nth_week(n: int, anchor: date, weekdays: Iterable[int]) -> Callable[[date], bool]:
    """Of days of the week with Sunday as 0."""
    return lambda day: (day.weekday() + 1) % 7 in weekdays and (sunday_of(day) - sunday_of(anchor)).days // 7 % n == 0


def every_nth_month(n: int, anchor: date, days: Iterable[int]) -> Callable[[date], bool]:
    def is_due(day: date) -> bool:
        from_end = day.day - ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day - 1
        months = 12 * (day.year - anchor.year) + day.month - anchor.month
        return months % n == 0 and (day.day in days or from_end in days)

    return is_due


def brute(is_due: Callable[[date], bool], after: datetime, at: time, count: int) -> list[str]:
    """The days from *after* on, looked at one by one."""

    def found() -> Iterator[str]:
        day = after.date()
        while True:
            if is_due(day) and datetime.combine(day, at) > after:
                yield datetime.combine(day, at).isoformat()
            day += timedelta(days=1)

    days = found()
    return [next(days) for _ in range(count)]


begins = st.integers(SINCE // SECOND, UNTIL // SECOND).map(
    lambda seconds: datetime_of(seconds * SECOND, load_location("UTC")).replace(tzinfo=None)
)
starts = st.none() | begins
many = st.integers(2, 12)


def agrees(
    definition: gocron.JobDefinition, rule: Callable[[date], bool], start: datetime | None, after: datetime
) -> None:
    zone = "Asia/Kathmandu"
    begun = None if start is None else instant(start.isoformat(), zone)
    moment = instant(after.isoformat(), zone)
    schedule = on_grid(definition, moment, zone, start=begun)
    found = [shown(tick, zone)[:19] for tick in walk(schedule, moment, 8)]
    assert found == brute(rule, after, time(9, 30), 8)


@given(many, starts, begins)
def test_every_nth_day(n: int, start: datetime | None, after: datetime) -> None:
    """Counted from the first day of 1970, or from the day of a given start."""
    agrees(gocron.daily_job(n, [time(9, 30)]), every_nth_day(n, (start or EPOCH_TIME).date()), start, after)


@given(many, st.sets(st.integers(0, 6), min_size=1), starts, begins)
def test_every_nth_week(n: int, weekdays: set[int], start: datetime | None, after: datetime) -> None:
    """Counted in weeks from Sunday on."""
    rule = every_nth_week(n, (start or EPOCH_TIME).date(), weekdays)
    agrees(gocron.weekly_job(n, weekdays, [time(9, 30)]), rule, start, after)


@given(many, st.sets(st.integers(1, 28) | st.integers(-28, -1), min_size=1, max_size=3), starts, begins)
def test_every_nth_month(n: int, days: set[int], start: datetime | None, after: datetime) -> None:
    rule = every_nth_month(n, (start or EPOCH_TIME).date(), days)
    agrees(gocron.monthly_job(n, days, [time(9, 30)]), rule, start, after)


EPOCH_TIME = datetime.combine(EPOCH, time())


# -- @every and recurrences ---------------------------------------------------------------------------


@given(st.integers(1, 200_000), moments, moments)
def test_every_counts_from_the_epoch(seconds: int, now: Instant, after: Instant) -> None:
    tick = on_grid(gocron.cron_job(f"@every {seconds}s"), now).next(after)
    assert tick == (after // (seconds * SECOND) + 1) * seconds * SECOND


def test_a_rule_without_a_start_counts_from_1970() -> None:
    """Two instances that were started on different days run on the same days."""
    rule = gocron.rrule_job("FREQ=DAILY;INTERVAL=3")
    found = {
        now: [shown(tick, "Europe/Berlin") for tick in walk(on_grid(rule, instant(now), "Europe/Berlin"), AFTER, 3)]
        for now in ("2024-01-01", "2024-01-02T11:22:33", "2024-01-03")
    }
    assert set(map(tuple, found.values())) == {
        ("2024-03-27T00:00:00+01:00", "2024-03-30T00:00:00+01:00", "2024-04-02T00:00:00+02:00")
    }


AFTER = instant("2024-03-26T12:00")


def test_a_rule_with_a_start_keeps_it() -> None:
    rule = gocron.rrule_job("DTSTART:20240101T083000\nRRULE:FREQ=DAILY;INTERVAL=3")
    assert [shown(tick, "UTC") for tick in walk(on_grid(rule, AFTER), AFTER, 2)] == [
        "2024-03-28T08:30:00+00:00",
        "2024-03-31T08:30:00+00:00",
    ]


def test_a_count_needs_a_start() -> None:
    """Three times from 1970 on are over; that is said, and not silently a job that never runs."""
    with pytest.raises(gocron.ErrNoNextRun):
        on_grid(gocron.rrule_job("FREQ=DAILY;COUNT=3"), AFTER)


# -- with a scheduler; and without a tick locker -------------------------------------------------------


class GoLocker:
    """A mutex locker, as in Go."""

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        raise NotImplementedError


NOW = datetime.fromisoformat("2024-01-01T00:00:07.300+00:00")
UNDER_A_TICK_LOCKER: Sequence[tuple[gocron.JobDefinition, str, str]] = [
    # definition, next run as Go has it, next run under a tick locker
    (gocron.duration_job(timedelta(seconds=10)), "2024-01-01T00:00:17.300000+00:00", "2024-01-01T00:00:10+00:00"),
    (gocron.cron_job("@every 1h"), "2024-01-01T01:00:07+00:00", "2024-01-01T01:00:00+00:00"),
    (gocron.daily_job(3, [time(12)]), "2024-01-01T12:00:00+00:00", "2024-01-03T12:00:00+00:00"),
    (gocron.weekly_job(3, [5], [time(12)]), "2024-01-05T12:00:00+00:00", "2024-01-19T12:00:00+00:00"),
    (gocron.monthly_job(5, [3], [time(12)]), "2024-01-03T12:00:00+00:00", "2024-03-03T12:00:00+00:00"),
    (gocron.rrule_job("FREQ=DAILY;INTERVAL=3"), "2024-01-04T00:00:07+00:00", "2024-01-03T00:00:00+00:00"),
    (gocron.cron_job("30 12 * * *"), "2024-01-01T12:30:00+00:00", "2024-01-01T12:30:00+00:00"),
    (gocron.daily_job(1, [time(12)]), "2024-01-01T12:00:00+00:00", "2024-01-01T12:00:00+00:00"),
]


def next_run(definition: gocron.JobDefinition, scheduler: Any, *options: gocron.JobOption) -> str:
    job = scheduler.new_job(definition, gocron.new_task(print), gocron.with_name("job"), *options)
    scheduler.start()
    found = job.next_run().isoformat()
    scheduler.shutdown()
    return str(found)


def new_scheduler(*options: gocron.SchedulerOption) -> gocron.Scheduler:
    return gocron.new_scheduler(gocron.with_clock(FakeClock(NOW)), gocron.with_location("UTC"), *options)


@pytest.mark.parametrize(("definition", "as_in_go", "on_the_grid"), UNDER_A_TICK_LOCKER)
def test_nothing_changes_without_a_tick_locker(
    definition: gocron.JobDefinition, as_in_go: str, on_the_grid: str
) -> None:
    """Not with no locker, with a mutex locker, or for a job that is local to its instance."""
    locker = MemoryTickLocker(clock=FakeClock(NOW))
    under = gocron.with_distributed_locker(locker)
    local = gocron.with_disabled_distributed_job_locker(True)
    own = gocron.with_distributed_job_locker(GoLocker())
    assert next_run(definition, new_scheduler()) == as_in_go
    assert next_run(definition, new_scheduler(gocron.with_distributed_locker(GoLocker()))) == as_in_go
    assert next_run(definition, new_scheduler(under), local) == as_in_go
    assert next_run(definition, new_scheduler(under), own) == as_in_go
    assert next_run(definition, new_scheduler(), gocron.with_tick_policy(splay=timedelta(seconds=9))) == as_in_go
    assert next_run(definition, new_scheduler(under)) == on_the_grid
    assert next_run(definition, new_scheduler(), gocron.with_distributed_job_locker(locker)) == on_the_grid
    locker.close()


def test_schedules_without_a_grid_are_gos() -> None:
    seconds = timedelta(seconds=1)
    assert isinstance(built(gocron.duration_job(seconds)), DurationSchedule)
    assert isinstance(built(gocron.duration_random_job(seconds, 2 * seconds)), DurationRandomSchedule)


def test_a_pause_between_runs_is_not_on_the_grid() -> None:
    """with_interval_from_completion counts from the end of a run, and the store tells when that was."""
    locker = MemoryTickLocker(clock=FakeClock(NOW))
    scheduler = new_scheduler(gocron.with_distributed_locker(locker))
    every = gocron.duration_job(timedelta(seconds=10))
    assert next_run(every, scheduler, gocron.with_interval_from_completion()) == "2024-01-01T00:00:17.300000+00:00"
    locker.close()


def test_a_start_is_the_anchor_and_the_first_run() -> None:
    """All instances that are given the same start have the same ticks, those that come later too."""
    start = gocron.with_start_date_time_past(datetime.fromisoformat("2023-12-31T00:00:03+00:00"))
    locker = MemoryTickLocker(clock=FakeClock(NOW))
    scheduler = new_scheduler(gocron.with_distributed_locker(locker))
    every = gocron.duration_job(timedelta(seconds=10))
    assert next_run(every, scheduler, gocron.with_start_at(start)) == "2024-01-01T00:00:13+00:00"
    later = gocron.with_start_date_time(datetime.fromisoformat("2024-01-01T06:00:03+00:00"))
    scheduler = new_scheduler(gocron.with_distributed_locker(locker))
    assert next_run(every, scheduler, gocron.with_start_at(later)) == "2024-01-01T06:00:03+00:00"
    locker.close()


def test_a_key_is_the_name_on_the_grid() -> None:
    """A job that was renamed keeps its splay and its dice."""
    wanted = RandomGridSchedule(10 * SECOND, 30 * SECOND, "old name").next(instant("2024-01-01T00:00:07.300"))
    assert wanted is not None
    locker = MemoryTickLocker(clock=FakeClock(NOW))
    scheduler = new_scheduler(gocron.with_distributed_locker(locker))
    random = gocron.duration_random_job(timedelta(seconds=10), timedelta(seconds=30))
    assert (
        next_run(random, scheduler, gocron.with_tick_policy(key="old name"))
        == datetime_of(wanted, load_location("UTC")).isoformat()
    )
    locker.close()


def test_a_grid_describes_itself_as_what_it_is() -> None:
    assert GridSchedule(10 * SECOND, 3).describe() == gocron.DurationJobSchedule(timedelta(seconds=10))
    assert RandomGridSchedule(SECOND, 2 * SECOND, "job").describe() == gocron.DurationRandomJobSchedule(
        timedelta(seconds=1), timedelta(seconds=2)
    )
