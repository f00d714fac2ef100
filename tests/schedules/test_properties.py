"""What holds for every schedule, whatever is in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from schedule_tools import instant

import gocron_py as gocron
from gocron_py.definitions import Setup
from gocron_py.instant import FIRST, LAST, SECOND, Instant, datetime_of
from gocron_py.schedules import Schedule
from gocron_py.schedules.cron_search import TimesSearch, why_never
from gocron_py.schedules.crontab import Times, parse
from gocron_py.schedules.wall_time import (
    DAY,
    DaylightSavingsTimePolicy,
    go_date,
    instant_at,
    load_location,
    offset_at,
    wall_at,
    wall_of,
)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Nuuk",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Antarctica/Troll",
)
# Where robfig's walk over a change of clocks is that of the clock: by whole hours, not at midnight.
PLAIN_ZONES = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Sydney")

SINCE, UNTIL = instant("1990-01-01"), instant("2060-01-01")

moments = st.integers(SINCE, UNTIL)
# Clocks are changed there: in Berlin, New York, Havana and on Lord Howe Island, forward and back.
CHANGES = ("2024-03-31T01", "2024-10-27T01", "2024-11-03T06", "2024-03-10T05", "2024-11-03T05", "2024-04-06T15")
near_changes = st.builds(lambda text, off: instant(text) + off, st.sampled_from(CHANGES), st.integers(-DAY, DAY))
policies = st.sampled_from(DaylightSavingsTimePolicy)
times_of_day = st.lists(st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59])), min_size=1, max_size=3)


@st.composite
def calendars(draw: st.DrawFn) -> gocron.JobDefinition:
    """A daily, weekly or monthly job."""
    kind = draw(st.sampled_from(["daily", "weekly", "monthly"]))
    at, interval = draw(times_of_day), draw(st.sampled_from([1, 1, 2, 3, 5, 11]))
    if kind == "daily":
        return gocron.daily_job(interval, at)
    if kind == "weekly":
        return gocron.weekly_job(interval, draw(st.sets(st.integers(0, 6), min_size=1)), at)
    days = draw(st.sets(st.integers(1, 31) | st.integers(-31, -1), min_size=1, max_size=3))
    return gocron.monthly_job(interval, days, at)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    part = (
        st.sampled_from(["*", "?", "*/2", "*/7", "?/20"])
        | number.map(str)
        | st.tuples(number, number).map(lambda pair: "{}-{}".format(*sorted(pair)))
        | number.map("{}/3".format)
    )
    return st.lists(part, min_size=1, max_size=3).map(",".join)


crontabs = st.tuples(field(0, 59), field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6)).map(" ".join)
everies = st.integers(1, 200_000).map("@every {}s".format)
crons = (crontabs | everies).map(lambda text: gocron.cron_job(text, True))

durations = st.integers(1, 10**12).map(lambda micros: gocron.duration_job(timedelta(microseconds=micros)))
definitions = calendars() | crons | durations


def build(definition: gocron.JobDefinition, zone: str, now: Instant, policy: DaylightSavingsTimePolicy) -> Schedule:
    try:
        return definition.build(Setup(load_location(zone), now, policy))
    except (gocron.ErrCronJobInvalid, gocron.ErrMonthlyJobDays):
        assume(False)
        raise


@given(definitions, st.sampled_from(ZONES), moments, policies)
def test_next_is_later(
    definition: gocron.JobDefinition, zone: str, now: Instant, policy: DaylightSavingsTimePolicy
) -> None:
    """A tick is later than what it follows, and the same whoever asks."""
    schedule = build(definition, zone, now, policy)
    after: Instant | None = now
    for _ in range(5):
        assert after is not None
        tick = schedule.next(after)
        assert tick == schedule.next(after)
        if tick is None:
            return
        assert tick > after
        after = tick


@given(definitions, st.sampled_from(ZONES), st.integers(FIRST - 10 * DAY, LAST + 10 * DAY), moments)
def test_anywhere_in_time(definition: gocron.JobDefinition, zone: str, after: Instant, now: Instant) -> None:
    """From the year 1 to 9999 there is a tick or none, and never an error."""
    schedule = build(definition, zone, now, DaylightSavingsTimePolicy.DEFAULT)
    tick = schedule.next(after)
    assert tick is None or after < tick <= LAST
    resumed = schedule.resume(after, now)
    assert resumed is None or resumed >= now


@given(
    calendars() | durations | everies.map(gocron.cron_job) | crontabs.map(lambda text: gocron.cron_job(text, True)),
    st.sampled_from(PLAIN_ZONES),
    moments,
    st.integers(0, 60),
    st.integers(-2, 2),
    policies,
)
def test_resume_is_the_walk(
    definition: gocron.JobDefinition,
    zone: str,
    start: Instant,
    steps: int,
    beside: int,
    policy: DaylightSavingsTimePolicy,
) -> None:
    """Arithmetic comes to the tick that the walk comes to."""
    schedule = build(definition, zone, start, policy)
    walked = [start]
    for _ in range(steps + 3):
        tick = schedule.next(walked[-1])
        if tick is None:
            break
        walked.append(tick)
    now = walked[min(steps, len(walked) - 1)] + beside
    expected = next((tick for tick in walked if tick >= now), None)
    assume(expected is not None)
    assert schedule.resume(start, now) == expected


@given(calendars(), st.sampled_from(ZONES), moments, policies)
def test_times_of_day(
    definition: gocron.JobDefinition, zone: str, now: Instant, policy: DaylightSavingsTimePolicy
) -> None:
    """A tick shows one of the times of day, but after a gap."""
    schedule = build(definition, zone, now, policy)
    tick = schedule.next(now)
    assert tick is not None
    location = load_location(zone)
    reading = datetime_of(tick, location)
    times = schedule.describe().at_times  # type: ignore[attr-defined]
    if reading.time() not in times:
        assert policy is not DaylightSavingsTimePolicy.SKIP
        assert offset_at(tick - DAY, location) < offset_at(tick, location)


def simple_field(low: int, high: int) -> st.SearchStrategy[str]:
    """What croniter and robfig read alike: no lists, no equal bounds, no steps."""
    number = st.integers(low, high)
    different = st.sets(number, min_size=2, max_size=2).map(sorted)
    return st.just("*") | number.map(str) | different.map(lambda pair: "{}-{}".format(*pair))


simple_crontabs = st.tuples(
    simple_field(0, 59),
    simple_field(0, 59),
    simple_field(0, 23),
    simple_field(1, 28),
    simple_field(1, 12),
    simple_field(0, 6),
).map(" ".join)


@given(simple_crontabs, moments)
def test_croniter_is_the_engine(crontab: str, now: Instant) -> None:
    """Without changes of clocks the ticks are croniter's, where the two grammars agree."""
    schedule = build(gocron.cron_job(crontab, True), "UTC", now, DaylightSavingsTimePolicy.DEFAULT)
    engine = croniter(crontab, datetime_of(now, ZoneInfo("UTC")), second_at_beginning=True)
    after: Instant | None = now
    for _ in range(3):
        assert after is not None
        after = schedule.next(after)
        assert after is not None
        assert datetime_of(after, ZoneInfo("UTC")) == engine.get_next(datetime)


@given(
    simple_crontabs,
    st.sampled_from(ZONES),
    st.booleans(),
    moments | near_changes,
    st.lists(st.integers(-3 * DAY, 3 * DAY) | st.integers(-40 * DAY, 40 * DAY), min_size=1, max_size=20),
)
def test_ticks_do_not_depend_on_what_was_asked_before(
    crontab: str, zone: str, runs_after_gap: bool, base: Instant, steps: list[int]
) -> None:
    times = parse(crontab, True, UTC)[0]
    assert isinstance(times, Times)
    assume(why_never(times) is None)
    search = TimesSearch(times, ZoneInfo(zone), runs_after_gap)
    # Also just before and at what was found: there the answer changes.
    found = search.first(base)
    edges = [] if found is None else [found - 1, found, found + 1]
    for after in (base, *(base + step for step in steps), *edges, base):
        assert TimesSearch(times, ZoneInfo(zone), runs_after_gap).first(after) == search.first(after)


@given(st.sampled_from(ZONES), moments)
def test_readings_and_instants(zone: str, moment: Instant) -> None:
    """A reading that exists is shown at the instant found for it, which is Go's."""
    location = load_location(zone)
    wall = wall_at(moment, location)
    found = instant_at(wall, location, DaylightSavingsTimePolicy.SKIP)
    assert found is not None
    assert found == go_date(wall, location)
    assert wall_at(found, location) == wall
    assert abs(found - moment) <= 2 * 3600 * SECOND


@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.times())
def test_gaps_as_python_sees_them(zone: str, day: date, at: time) -> None:
    """There is no instant if and only if PEP 495 knows none; the one after the change is that of fold=0."""
    location = ZoneInfo(zone)
    reading = datetime.combine(day, at.replace(tzinfo=None))
    wall = wall_of(reading)
    before, after = (reading.replace(tzinfo=location, fold=fold).utcoffset() for fold in (0, 1))
    assert before is not None
    assert after is not None
    is_gap = before < after
    assert is_gap == (instant_at(wall, location, DaylightSavingsTimePolicy.SKIP) is None)
    if is_gap:
        put_off = instant_at(wall, location, DaylightSavingsTimePolicy.DEFAULT)
        assert put_off == wall - before // timedelta(microseconds=1)


@given(st.text(max_size=40))
@settings(max_examples=300)
def test_any_crontab(text: str) -> None:
    """Whatever a crontab is, it is understood or refused by an error of this library."""
    for with_seconds in False, True:
        try:
            gocron.cron_job(text, with_seconds).build(Setup(load_location("UTC"), SINCE))
        except (gocron.ErrCronJobParse, gocron.ErrCronJobInvalid) as error:
            refused = error
        else:
            continue
        assert len(str(refused)) < 2500


@given(st.text(alphabet="0123456789*?,-/+ @TZ=CRON_\tjanfebsumo", max_size=40))
@settings(max_examples=300)
def test_almost_crontabs(text: str) -> None:
    """What looks like one, too."""
    test_any_crontab.hypothesis.inner_test(text)  # type: ignore[attr-defined]


@given(st.text(max_size=60))
def test_any_zone(name: str) -> None:
    """A name is a zone or refused by the one error."""
    try:
        load_location(name)
    except gocron.ErrWithLocationUnknown:
        pass


@given(st.text(alphabet="FREQ=DAILYWKMONTHSUCB;:1234567890,-+\nDTRXZ", max_size=60))
def test_any_recurrence(text: str) -> None:
    """A text is a recurrence or refused by an error of this library."""
    try:
        gocron.rrule_job(text).build(Setup(load_location("UTC"), SINCE))
    except (gocron.ErrInvalidArgument, gocron.ErrNoNextRun):
        pass
