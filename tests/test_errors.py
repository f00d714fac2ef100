"""Every error of gocron is reached as there and says the same; what is mended says so.

The data, tests/conformance/errors.json, was recorded from gocron v2.22.0: each error with its text and the calls
that reach it, which of several errors comes first, and calls that are odd. Each of those calls is done here.
"""

from __future__ import annotations

import copy
import json
import pickle
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

import pytest

import gocron_py
from gocron_py import context, errors
from gocron_py.testing import FakeClock

gocron: Any = gocron_py  # ported calls, wrong in kind too: not for type checkers

RECORDED: Final = json.loads((Path(__file__).parent / "conformance" / "errors.json").read_text(encoding="utf-8"))

NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(hours=24)
MICROSECOND = timedelta(microseconds=1)
RESCHEDULE, WAIT = gocron.LIMIT_MODE_RESCHEDULE, gocron.LIMIT_MODE_WAIT
LIMIT = 10.0
"""Seconds after which something that was waited for has not come."""


class Quiet:
    def debug(self, msg: str, *args: object) -> None: ...
    def error(self, msg: str, *args: object) -> None: ...
    def info(self, msg: str, *args: object) -> None: ...
    def warn(self, msg: str, *args: object) -> None: ...


def nothing() -> None: ...


def one(number: int) -> None: ...


def two(first: int, second: int) -> None: ...


def any_number(*numbers: int) -> None: ...


def text_and_any_number(text: str, *numbers: int) -> None: ...


def anything(thing: object) -> None: ...


def in_context(ctx: gocron_py.Context) -> None: ...


def in_context_and_one(ctx: gocron_py.Context, number: int) -> None: ...


def context_last(number: int, ctx: gocron_py.Context) -> None: ...


def hourly() -> Any:
    return gocron.duration_job(HOUR)


def task() -> Any:
    return gocron.new_task(nothing)


def at(*numbers: int) -> Any:
    return gocron.new_at_times(gocron.new_at_time(*numbers))


HALF_PAST_TEN = at(10, 30, 0)
MONDAY = gocron.new_weekdays(gocron.Weekday.MONDAY)
FIRST = gocron.new_days_of_the_month(1)


class Stage:
    """A scheduler on a clock that stands still, and what is needed around it."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.made: list[Any] = []
        self.gate = threading.Event()
        self.running = threading.Event()
        self.scheduler = self.new()

    def new(self, *options: Any, real: bool = False) -> Any:
        clock = () if real else (gocron.with_clock(self.clock),)
        scheduler = gocron.new_scheduler(*clock, gocron.with_location("UTC"), gocron.with_logger(Quiet()), *options)
        self.made.append(scheduler)
        return scheduler

    def close(self) -> None:
        self.gate.set()
        for scheduler in self.made:
            with suppress(gocron.GocronError):
                scheduler.shutdown()

    def new_job(self, definition: Any = None, *options: Any) -> Any:
        return self.scheduler.new_job(hourly() if definition is None else definition, task(), *options)

    def new_task_job(self, *arguments: Any) -> Any:
        return self.scheduler.new_job(hourly(), gocron.new_task(*arguments))

    def removed(self) -> Any:
        """A job that was there."""
        job = self.new_job()
        self.scheduler.start()
        self.scheduler.remove_job(job.id())
        return job

    def shut(self) -> Any:
        """A job of a scheduler that was shut down."""
        job = self.new_job()
        self.scheduler.start()
        self.scheduler.shutdown()
        return job

    def block(self) -> None:
        """A task that runs until the gate opens, whatever happens to its context."""
        self.running.set()
        self.gate.wait(LIMIT)

    def with_running_job(self, *options: Any, real: bool = False) -> Any:
        """A started scheduler whose job is in its task."""
        scheduler = self.new(*options, real=real)
        start = gocron.with_start_at(gocron.with_start_immediately())
        scheduler.new_job(hourly(), gocron.new_task(self.block), start)
        scheduler.start()
        assert self.running.wait(LIMIT)
        return scheduler

    def error_of_run(self, *task_arguments: Any, event: str = "after_job_runs_with_error") -> Exception | None:
        """What a listener hears of a run; None: nothing, the run went well."""
        heard: list[Exception | None] = []
        told = threading.Event()

        def tell(job_id: uuid.UUID, job_name: str, error: Exception | None = None) -> None:
            heard.append(error)
            told.set()

        listeners = [getattr(gocron, event)(tell), gocron.after_job_runs(lambda *_: tell(*_))]
        job = self.scheduler.new_job(
            hourly(),
            gocron.new_task(*task_arguments),
            gocron.with_event_listeners(*listeners, gocron.after_job_runs_with_panic(lambda *_: None)),
        )
        self.scheduler.start()
        job.run_now()
        assert told.wait(LIMIT)
        (error,) = heard
        return error

    def raise_error_of_run(self, *task_arguments: Any) -> None:
        error = self.error_of_run(*task_arguments)
        if error is not None:
            raise error

    def start_with(self, definition: Any, *options: Any, count: int = 0) -> object:
        """new_job, start, next_runs."""
        job = self.new_job(definition, *options)
        self.scheduler.start()
        return job.next_runs(count)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


Call = Callable[[Stage], object]


class Mended:
    """Where this library does otherwise than Go, docs/differences.rst says so: what it does, and why."""

    def __init__(self, call: Call, outcome: type[BaseException] | None, why: str) -> None:
        self.call = call
        self.outcome = outcome
        self.why = why


def job(make: Callable[[], Any], *options: Callable[[], Any]) -> Call:
    return lambda stage: stage.new_job(make(), *(option() for option in options))


def option(*options: Callable[[], Any]) -> Call:
    return lambda stage: stage.new_job(None, *(option() for option in options))


def setting(*options: Callable[[], Any]) -> Call:
    return lambda stage: stage.new(*(option() for option in options))


def function(*arguments: Any) -> Call:
    return lambda stage: stage.new_task_job(*arguments)


def start_at(start: datetime | None) -> Any:
    return gocron.with_start_at(gocron.with_start_date_time(start))


def start_at_past(start: datetime | None) -> Any:
    return gocron.with_start_at(gocron.with_start_date_time_past(start))


def stop_at(end: datetime | None) -> Any:
    return gocron.with_stop_at(gocron.with_stop_date_time(end))


def one_time(*times: datetime) -> Any:
    return gocron.one_time_job(gocron.one_time_job_start_date_times(*times))


def listeners(listener: Callable[[Any], Any]) -> Call:
    return option(lambda: gocron.with_event_listeners(listener(None)))


def of_removed(ask: Callable[[Any], object]) -> Call:
    return lambda stage: ask(stage.removed())


def of_shut(ask: Callable[[Any], object]) -> Call:
    return lambda stage: ask(stage.shut())


def remove_twice(stage: Stage) -> None:
    stage.scheduler.remove_job(stage.removed().id())


def update_to_nothing(stage: Stage) -> None:
    """The mended half: the old job is still there."""
    made = stage.new_job()
    stage.scheduler.start()
    before = made.next_run()
    try:
        stage.scheduler.update(made.id(), gocron.duration_job(timedelta(0)), task())
    finally:
        assert [made] == stage.scheduler.jobs()
        assert before == made.next_run()


def panic() -> None:
    gocron.panic("boom")


class StuckCron:
    """A cron implementation that answers the thread that made it, and lets others hang until the gate opens."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.maker = threading.get_ident()

    def is_valid(self, crontab: str, location: tzinfo, now: datetime) -> None: ...

    def next(self, last_run: datetime) -> datetime:
        if threading.get_ident() != self.maker:
            self.stage.running.set()
            self.stage.gate.wait(LIMIT)
        return last_run + timedelta(milliseconds=20)


def stop_with_stuck_schedule(stage: Stage) -> None:
    """In Go run_now before the start gets the scheduler stuck. Here only what a user brings can hang."""
    scheduler = stage.new(gocron.with_stop_timeout(timedelta(milliseconds=10)), real=True)
    cron = gocron.with_cron_implementation(StuckCron(stage))
    scheduler.new_job(gocron.cron_job("* * * * *"), task(), cron)
    scheduler.start()
    assert stage.running.wait(LIMIT)
    scheduler.stop_jobs()


TEN_MS = gocron.with_stop_timeout(timedelta(milliseconds=10))

NOT_CHECKED = "types are the work of type checkers"
VARIADIC = "*args take any number of arguments (in Go: as many as there are declared parameters, or none)"

REACHED: dict[str, Call | Mended] = {
    'CronJob("0 0 30 2 *", false)': job(lambda: gocron.cron_job("0 0 30 2 *", False)),
    'NewDefaultCron(true).IsValid("0 0 0 30 2 *", UTC, now)': lambda _: gocron.new_default_cron(True).is_valid(
        "0 0 0 30 2 *", UTC, NOW
    ),
    'CronJob("* * * *", false)': job(lambda: gocron.cron_job("* * * *", False)),
    'CronJob("", false)': job(lambda: gocron.cron_job("", False)),
    'NewDefaultCron(false).IsValid("60 * * * *", UTC, now)': lambda _: gocron.new_default_cron(False).is_valid(
        "60 * * * *", UTC, NOW
    ),
    "DailyJob(1, NewAtTimes(nil))": job(lambda: gocron.daily_job(1, gocron.new_at_times(None))),
    "DailyJob(1, nil)": job(lambda: gocron.daily_job(1, None)),
    "DailyJob(1, 24:00:00)": job(lambda: gocron.daily_job(1, at(24, 0, 0))),
    "DailyJob(0, 10:30:00)": job(lambda: gocron.daily_job(0, HALF_PAST_TEN)),
    "DailyJob(1, 00:60:00)": job(lambda: gocron.daily_job(1, at(0, 60, 0))),
    "DailyJob(1, 00:00:60)": job(lambda: gocron.daily_job(1, at(0, 0, 60))),
    "DurationJob(0)": job(lambda: gocron.duration_job(timedelta(0))),
    "Update(id, DurationJob(0), task)": update_to_nothing,
    "DurationJob(-1ns)": job(lambda: gocron.duration_job(-MICROSECOND)),
    "DurationRandomJob(0, 1s)": job(lambda: gocron.duration_random_job(timedelta(0), SECOND)),
    "DurationRandomJob(-1s, 1s)": job(lambda: gocron.duration_random_job(-SECOND, SECOND)),
    "DurationRandomJob(-2s, -1s)": job(lambda: gocron.duration_random_job(-2 * SECOND, -SECOND)),
    "DurationRandomJob(2s, 1s)": job(lambda: gocron.duration_random_job(2 * SECOND, SECOND)),
    "DurationRandomJob(1s, 1s)": job(lambda: gocron.duration_random_job(SECOND, SECOND)),
    "WithEventListeners(BeforeJobRuns(nil))": listeners(gocron.before_job_runs),
    "WithEventListeners(BeforeJobRunsSkipIfBeforeFuncErrors(nil))": listeners(
        gocron.before_job_runs_skip_if_before_func_errors
    ),
    "WithEventListeners(AfterJobRuns(nil))": listeners(gocron.after_job_runs),
    "WithEventListeners(AfterJobRunsWithError(nil))": listeners(gocron.after_job_runs_with_error),
    "WithEventListeners(AfterJobRunsWithPanic(nil))": listeners(gocron.after_job_runs_with_panic),
    "WithEventListeners(AfterLockError(nil))": listeners(gocron.after_lock_error),
    "WeeklyJob(1, weekday -1, 10:30:00); Start; NextRuns": Mended(
        job(lambda: gocron.weekly_job(1, [-1], HALF_PAST_TEN)),
        gocron.ErrInvalidArgument,
        "there is no such day of the week: refused by the constructor, not lost at the start",
    ),
    "RemoveJob(id); job.NextRun()": of_removed(lambda job: job.next_run()),
    "RemoveJob(id); job.NextRuns(3)": of_removed(lambda job: job.next_runs(3)),
    "RemoveJob(id); job.LastRun()": of_removed(lambda job: job.last_run()),
    "RemoveJob(id); job.LastRunStartedAt()": of_removed(lambda job: job.last_run_started_at()),
    "RemoveJob(id); job.LastRunCompletedAt()": of_removed(lambda job: job.last_run_completed_at()),
    "RemoveJob(id); job.IsRunning()": of_removed(lambda job: job.is_running()),
    "RemoveJob(id); job.RunNow()": of_removed(lambda job: job.run_now()),
    "RemoveJob(id); RemoveJob(id)": remove_twice,
    "RemoveJob(unknown id)": lambda stage: stage.scheduler.remove_job(uuid.uuid4()),
    "Shutdown(); RemoveJob(id)": lambda stage: stage.scheduler.remove_job(stage.shut().id()),
    "DailyJob(1, empty list of at-times); Start": Mended(
        lambda stage: stage.start_with(gocron.daily_job(1, [])),
        gocron.ErrDailyJobAtTimesNil,
        "quirk 8: what can never run is refused by new_job",
    ),
    "WeeklyJob(1, Monday, empty list of at-times); Start": Mended(
        lambda stage: stage.start_with(gocron.weekly_job(1, MONDAY, [])),
        gocron.ErrWeeklyJobAtTimesNil,
        "quirk 8",
    ),
    "WeeklyJob(1, empty list of weekdays, 10:30:00); Start": Mended(
        lambda stage: stage.start_with(gocron.weekly_job(1, [], HALF_PAST_TEN)),
        gocron.ErrWeeklyJobDaysOfTheWeekNil,
        "quirk 8",
    ),
    "a job with NewTask(func(...int){}, 1, 2) runs": Mended(
        lambda stage: stage.raise_error_of_run(any_number, 1, 2), None, VARIADIC
    ),
    "a job with NewTask(func(...int){}) runs": Mended(
        lambda stage: stage.raise_error_of_run(any_number), None, VARIADIC
    ),
    "Shutdown(); job.RunNow()": of_shut(lambda job: job.run_now()),
    "RunNow() before Start": lambda stage: stage.new_job().run_now(),
    "MonthlyJob(1, day 0, 10:30:00)": job(lambda: gocron.monthly_job(1, [0], HALF_PAST_TEN)),
    "MonthlyJob(1, day 32, 10:30:00)": job(lambda: gocron.monthly_job(1, [32], HALF_PAST_TEN)),
    "MonthlyJob(1, day -32, 10:30:00)": job(lambda: gocron.monthly_job(1, [-32], HALF_PAST_TEN)),
    "MonthlyJob(1, 1, NewAtTimes(nil))": job(lambda: gocron.monthly_job(1, FIRST, gocron.new_at_times(None))),
    "MonthlyJob(1, 1, nil)": job(lambda: gocron.monthly_job(1, FIRST, None)),
    "MonthlyJob(1, nil, 10:30:00)": job(lambda: gocron.monthly_job(1, None, HALF_PAST_TEN)),
    "MonthlyJob(1, 1, 24:00:00)": job(lambda: gocron.monthly_job(1, FIRST, at(24, 0, 0))),
    "MonthlyJob(0, 1, 10:30:00)": job(lambda: gocron.monthly_job(0, FIRST, HALF_PAST_TEN)),
    "MonthlyJob(1, 1, 00:60:00)": job(lambda: gocron.monthly_job(1, FIRST, at(0, 60, 0))),
    "MonthlyJob(1, 1, 00:00:60)": job(lambda: gocron.monthly_job(1, FIRST, at(0, 0, 60))),
    "NewJob(DurationJob(1h), nil)": lambda stage: stage.scheduler.new_job(hourly(), None),
    "NewJob(DurationJob(1h), NewTask(nil))": function(None),
    'NewJob(DurationJob(1h), NewTask("text"))': function("text"),
    "NewJob(DurationJob(1h), NewTask(42))": function(42),
    "NewJob(DurationJob(1h), NewTask(struct{}{}))": function(object()),
    "NewJob(DurationJob(1h), NewTask(func(){}, 1))": function(nothing, 1),
    "NewJob(DurationJob(1h), NewTask(func(int){}))": function(one),
    "NewJob(DurationJob(1h), NewTask(func(int, int){}, 1))": function(two, 1),
    "NewJob(DurationJob(1h), NewTask(func(int){}, 1, 2))": function(one, 1, 2),
    "NewJob(DurationJob(1h), NewTask(func(context.Context, int){}))": function(in_context_and_one),
    "NewJob(DurationJob(1h), NewTask(func(int, context.Context){}, 1))": function(context_last, 1),
    'NewJob(DurationJob(1h), NewTask(func(int){}, "x"))': Mended(function(one, "x"), None, NOT_CHECKED),
    "NewJob(DurationJob(1h), NewTask(func(string){}, 1))": Mended(function(anything, 1), None, NOT_CHECKED),
    'NewJob(DurationJob(1h), NewTask(func(string, int){}, "x", "y"))': Mended(
        function(two, "x", "y"), None, NOT_CHECKED
    ),
    'NewJob(DurationJob(1h), NewTask(func(...int){}, "x"))': Mended(function(any_number, "x"), None, NOT_CHECKED),
    "OneTimeJob(OneTimeJobStartDateTime(now - 1s))": job(lambda: one_time(NOW - SECOND)),
    "OneTimeJob(OneTimeJobStartDateTime(now))": job(lambda: one_time(NOW)),
    "OneTimeJob(OneTimeJobStartDateTimes())": job(one_time),
    "OneTimeJob(OneTimeJobStartDateTimes(now - 2s, now - 1s))": job(lambda: one_time(NOW - 2 * SECOND, NOW - SECOND)),
    "Shutdown() while a task runs on, with a fake clock that stands still": lambda stage: stage.with_running_job(
        TEN_MS
    ).shutdown(),
    "StopJobs() while a task runs on, with a fake clock that stands still": lambda stage: stage.with_running_job(
        TEN_MS
    ).stop_jobs(),
    "Shutdown() while a task runs longer than WithStopTimeout": lambda stage: stage.with_running_job(
        TEN_MS, real=True
    ).shutdown(),
    "StopJobs() while a task runs longer than WithStopTimeout": lambda stage: stage.with_running_job(
        TEN_MS, real=True
    ).stop_jobs(),
    "RunNow() before Start; StopJobs() with WithStopTimeout(10ms)": stop_with_stuck_schedule,
    "WeeklyJob(1, Monday, NewAtTimes(nil))": job(lambda: gocron.weekly_job(1, MONDAY, gocron.new_at_times(None))),
    "WeeklyJob(1, Monday, nil)": job(lambda: gocron.weekly_job(1, MONDAY, None)),
    "WeeklyJob(1, nil, 10:30:00)": job(lambda: gocron.weekly_job(1, None, HALF_PAST_TEN)),
    "WeeklyJob(1, Monday, 24:00:00)": job(lambda: gocron.weekly_job(1, MONDAY, at(24, 0, 0))),
    "WeeklyJob(0, Monday, 10:30:00)": job(lambda: gocron.weekly_job(0, MONDAY, HALF_PAST_TEN)),
    "WeeklyJob(1, Monday, 00:60:00)": job(lambda: gocron.weekly_job(1, MONDAY, at(0, 60, 0))),
    "WeeklyJob(1, Monday, 00:00:60)": job(lambda: gocron.weekly_job(1, MONDAY, at(0, 0, 60))),
    "a job whose task panics runs, with AfterJobRunsWithPanic and AfterJobRunsWithError": (
        lambda stage: stage.raise_error_of_run(panic)
    ),
    "Shutdown(); job.NextRun()": Mended(
        lambda stage: stage.shut().next_run(), None, "next_run after shutdown gives None; no call ever waits for a loop"
    ),
    "Shutdown(); job.NextRuns(3)": Mended(lambda stage: stage.shut().next_runs(3), None, "as next_run: []"),
    "Shutdown(); job.IsRunning()": Mended(lambda stage: stage.shut().is_running(), None, "handles keep their past"),
    "Shutdown(); job.LastRun()": Mended(lambda stage: stage.shut().last_run(), None, "handles keep their past"),
    "RunNow() before Start; job.NextRun()": Mended(
        lambda stage: after_run_now(stage).next_run(), None, "run_now before start leaves the scheduler well"
    ),
    "NewScheduler(WithClock(nil))": setting(lambda: gocron.with_clock(None)),
    "WithContext(nil)": option(lambda: gocron.with_context(None)),
    "NewScheduler(WithDistributedElector(nil))": setting(lambda: gocron.with_distributed_elector(None)),
    "NewScheduler(WithDistributedLocker(nil))": setting(lambda: gocron.with_distributed_locker(None)),
    "WithDistributedJobLocker(nil)": option(lambda: gocron.with_distributed_job_locker(None)),
    "WithIdentifier(nil UUID)": option(lambda: gocron.with_identifier(uuid.UUID(int=0))),
    "NewScheduler(WithSchedulerMonitor(nil))": setting(lambda: gocron.with_scheduler_monitor(None)),
    "NewScheduler(WithLimitConcurrentJobs(0, LimitModeReschedule))": setting(
        lambda: gocron.with_limit_concurrent_jobs(0, RESCHEDULE)
    ),
    "NewScheduler(WithLimitConcurrentJobs(0, LimitModeWait))": setting(
        lambda: gocron.with_limit_concurrent_jobs(0, WAIT)
    ),
    "NewScheduler(WithLocation(nil))": setting(lambda: gocron.with_location(None)),
    "NewScheduler(WithLogger(nil))": setting(lambda: gocron.with_logger(None)),
    "NewScheduler(WithMonitor(nil))": setting(lambda: gocron.with_monitor(None)),
    "NewScheduler(WithMonitorStatus(nil))": setting(lambda: gocron.with_monitor_status(None)),
    'NewScheduler(WithGlobalJobOptions(WithName(""))); NewJob(...)': lambda stage: stage.new(
        gocron.with_global_job_options(gocron.with_name(""))
    ).new_job(hourly(), task()),
    'WithName("")': option(lambda: gocron.with_name("")),
    "WithStartAt(WithStartDateTime(zero time))": option(lambda: start_at(None)),
    "WithStartAt(WithStartDateTime(now - 1s))": option(lambda: start_at(NOW - SECOND)),
    "WithStartAt(WithStartDateTime(now - 1ns))": option(lambda: start_at(NOW - MICROSECOND)),
    "WithStartAt(WithStartDateTimePast(zero time))": option(lambda: start_at_past(None)),
    "WithStopAt(WithStopDateTime(zero time))": option(lambda: stop_at(None)),
    "WithStopAt(WithStopDateTime(now - 1s))": option(lambda: stop_at(NOW - SECOND)),
    "WithStopAt(WithStopDateTime(+24h)), then WithStartAt(WithStartDateTime(+48h))": option(
        lambda: stop_at(NOW + DAY), lambda: start_at(NOW + 2 * DAY)
    ),
    "WithStopAt(WithStopDateTime(+24h)), then WithStartAt(WithStartDateTimePast(+48h))": option(
        lambda: stop_at(NOW + DAY), lambda: start_at_past(NOW + 2 * DAY)
    ),
    "WithStartAt(WithStartDateTime(+48h)), then WithStopAt(WithStopDateTime(+24h))": option(
        lambda: start_at(NOW + 2 * DAY), lambda: stop_at(NOW + DAY)
    ),
    "WithStartAt(WithStartDateTimePast(+48h)), then WithStopAt(WithStopDateTime(+24h))": option(
        lambda: start_at_past(NOW + 2 * DAY), lambda: stop_at(NOW + DAY)
    ),
    "NewScheduler(WithStopTimeout(0))": setting(lambda: gocron.with_stop_timeout(timedelta(0))),
    "NewScheduler(WithStopTimeout(-1s))": setting(lambda: gocron.with_stop_timeout(-SECOND)),
    "WithLimitedRuns(0)": option(lambda: gocron.with_limited_runs(0)),
}

# A second or more of real time.
SLOW = {
    "Shutdown() while a task runs on, with a fake clock that stands still",
    "StopJobs() while a task runs on, with a fake clock that stands still",
    "RunNow() before Start; StopJobs() with WithStopTimeout(10ms)",
}

FOR_PORTED_CODE = {"ErrSchedulerBusy", "ErrNewJobWrongTypeOfParameters", "ErrJobParameterMismatch"}
"""Nothing here raises them: no call waits for a busy scheduler, types and variadic arguments are no run-time matter."""


def after_run_now(stage: Stage) -> Any:
    made = stage.new_job()
    with pytest.raises(gocron.ErrJobRunNowFailed):
        made.run_now()
    return made


def ways() -> Iterator[Any]:
    for error in RECORDED["errors"]:
        for way in error["reached_by"]:
            marks = [pytest.mark.slow] if way["call"] in SLOW else []
            yield pytest.param(error, way, id=f"{error['name']}: {way['call']}", marks=marks)


@pytest.mark.parametrize(("error", "way"), list(ways()))
def test_every_error_is_reached_as_in_go(stage: Stage, error: dict[str, str], way: dict[str, str]) -> None:
    """The call that gives the error in Go gives the class of that name here, with Go's text; or what is mended here."""
    call = REACHED[way["call"]]
    if isinstance(call, Mended):
        check_outcome(stage, call)
        return
    with pytest.raises(gocron.GocronError) as caught:
        call(stage)
    text = way.get("text", error["message"])
    assert (error["name"], text) == (type(caught.value).__name__, str(caught.value))


def check_outcome(stage: Stage, mended: Mended) -> None:
    if mended.outcome is None:
        mended.call(stage)
        return
    with pytest.raises(mended.outcome) as caught:
        mended.call(stage)
    assert mended.outcome is type(caught.value)


def test_no_error_is_left_out() -> None:
    """Each recorded error is reached by one call at least, but those that exist for ported code only."""
    reached = {
        error["name"]
        for error in RECORDED["errors"]
        for way in error["reached_by"]
        if not isinstance(REACHED[way["call"]], Mended)
    }
    assert {error["name"] for error in RECORDED["errors"]} - reached == FOR_PORTED_CODE
    assert len(RECORDED["errors"]) == 57


@pytest.mark.parametrize("row", RECORDED["cron_texts"], ids=lambda row: repr(row["crontab"]))
def test_new_job_says_what_is_wrong_with_a_crontab_in_gos_words(stage: Stage, row: dict[str, str]) -> None:
    """The texts of robfig/cron and of Go's parsers reach the caller of new_job to the letter."""
    with pytest.raises(gocron.GocronError) as caught:
        stage.new_job(gocron.cron_job(row["crontab"], bool(row["with_seconds"])))
    assert (row["error"], row["text"]) == (type(caught.value).__name__, str(caught.value))


def wrong_first(*arguments: Any, duration: timedelta = timedelta(0)) -> Call:
    """NewJob(DurationJob(0), ...)."""
    return lambda stage: stage.scheduler.new_job(gocron.duration_job(duration), *arguments)


NO_NAME = gocron.with_name("")

PRECEDENCE: dict[str, Call] = {
    "NewScheduler(WithLocation(nil), WithClock(nil))": setting(
        lambda: gocron.with_location(None), lambda: gocron.with_clock(None)
    ),
    "NewScheduler(WithClock(nil), WithLocation(nil))": setting(
        lambda: gocron.with_clock(None), lambda: gocron.with_location(None)
    ),
    "DurationRandomJob(0, 0)": job(lambda: gocron.duration_random_job(timedelta(0), timedelta(0))),
    "DurationRandomJob(-1s, -2s)": job(lambda: gocron.duration_random_job(-SECOND, -2 * SECOND)),
    "DailyJob(0, nil)": job(lambda: gocron.daily_job(0, None)),
    "DailyJob(0, 24:00:00)": job(lambda: gocron.daily_job(0, at(24, 0, 0))),
    "DailyJob(1, 24:60:60)": job(lambda: gocron.daily_job(1, at(24, 60, 60))),
    "DailyJob(1, [00:60:00, 24:00:00])": job(lambda: gocron.daily_job(1, [*at(0, 60, 0), *at(24, 0, 0)])),
    "DailyJob(1, [24:00:00, nil])": job(lambda: gocron.daily_job(1, [*at(24, 0, 0), None])),
    "WeeklyJob(0, nil, nil)": job(lambda: gocron.weekly_job(0, None, None)),
    "WeeklyJob(1, nil, nil)": job(lambda: gocron.weekly_job(1, None, None)),
    "MonthlyJob(0, nil, nil)": job(lambda: gocron.monthly_job(0, None, None)),
    "MonthlyJob(1, nil, nil)": job(lambda: gocron.monthly_job(1, None, None)),
    "MonthlyJob(1, day 0, nil)": job(lambda: gocron.monthly_job(1, [0], None)),
    'NewJob(DurationJob(0), nil, WithName(""))': wrong_first(None, NO_NAME),
    'NewJob(DurationJob(0), NewTask(42), WithName(""))': wrong_first(gocron.new_task(42), NO_NAME),
    'NewJob(DurationJob(0), NewTask(func(){}, 1), WithName(""))': wrong_first(gocron.new_task(nothing, 1), NO_NAME),
    "NewJob(DurationJob(0), NewTask(func(){}, 1))": wrong_first(gocron.new_task(nothing, 1)),
    'NewJob(DurationJob(0), task, WithLimitedRuns(0), WithName(""))': wrong_first(
        task(), gocron.with_limited_runs(0), NO_NAME
    ),
    "NewJob(DurationJob(0), task)": wrong_first(task()),
}


@pytest.mark.parametrize("row", RECORDED["precedence"], ids=lambda row: row["call"])
def test_the_first_of_several_errors_is_gos(stage: Stage, row: dict[str, str]) -> None:
    """Where several things are wrong, the one that Go names is named."""
    with pytest.raises(gocron.GocronError) as caught:
        PRECEDENCE[row["call"]](stage)
    assert row["result"] == type(caught.value).__name__


def test_global_options_are_looked_at_before_the_jobs_own(stage: Stage) -> None:
    """As task_checks says: global job options, then the job's options in their order, arguments, definition."""
    scheduler = stage.new(gocron.with_global_job_options(gocron.with_limited_runs(0)))
    with pytest.raises(gocron.ErrWithLimitedRunsZero):
        scheduler.new_job(gocron.duration_job(timedelta(0)), gocron.new_task(nothing, 1), NO_NAME)


# -- odd calls ---------------------------------------------------------------------------------------

UNCHECKED = "a mode or policy that is none is refused (Go takes any number)"
REFUSED_KIND = "refused at the call (Go: a panic)"
KIND = gocron.ErrInvalidArgument


def start_and_count(stage: Stage, *options: Any) -> int:
    """How many jobs are left when the scheduler has started."""
    stage.new_job(None, *options)
    stage.scheduler.start()
    return len(stage.scheduler.jobs())


def runs_at_start(stage: Stage, definition: Any, *options: Any) -> int:
    """How often a job has run by a moment after the start."""
    ran = threading.Semaphore(0)
    stage.scheduler.new_job(definition, gocron.new_task(ran.release), *options)
    stage.scheduler.start()
    stage.clock.advance(SECOND)
    runs = 0
    while ran.acquire(timeout=LIMIT if not runs else 0.05):
        runs += 1
    return runs


def next_run_before_start(stage: Stage) -> None:
    made = stage.new_job()
    assert (None, []) == (made.next_run(), made.next_runs(3))


def next_runs_of_nothing(stage: Stage) -> None:
    made = stage.new_job()
    stage.scheduler.start()
    assert [] == made.next_runs(0)
    made.next_runs(-1)


def started_twice(stage: Stage) -> None:
    stage.scheduler.start()
    stage.scheduler.start()


def stopped_with_cancelled_context(stage: Stage) -> None:
    scheduler = stage.with_running_job()
    ctx, cancel = context.with_cancel(context.background())
    cancel()
    scheduler.stop_jobs_with_context(ctx)


def shut_down_with_short_context(stage: Stage) -> None:
    scheduler = stage.with_running_job()
    ctx, _ = context.with_timeout(context.background(), timedelta(milliseconds=10))
    scheduler.shutdown_with_context(ctx)


def shut_down(stage: Stage, then: Callable[[Any], object]) -> object:
    stage.shut()
    return then(stage.scheduler)


def in_february(stage: Stage) -> None:
    start = start_at_past(datetime(2024, 2, 10, tzinfo=UTC))
    stage.start_with(gocron.monthly_job(12, [30], HALF_PAST_TEN), start, count=3)


SKIP = gocron.with_daylight_savings_time_policy(gocron.DAYLIGHT_SAVINGS_TIME_SKIP)

OTHER: dict[str, Call | Mended] = {
    "NewScheduler(WithStopTimeout(1ns))": setting(lambda: gocron.with_stop_timeout(MICROSECOND)),
    "NewScheduler(WithLimitConcurrentJobs(1, LimitMode 0))": Mended(
        setting(lambda: gocron.with_limit_concurrent_jobs(1, 0)), KIND, UNCHECKED
    ),
    "NewScheduler(WithLimitConcurrentJobs(1, LimitMode 99))": Mended(
        setting(lambda: gocron.with_limit_concurrent_jobs(1, 99)), KIND, UNCHECKED
    ),
    "NewScheduler()": setting(),
    'NewScheduler(WithGlobalJobOptions(WithName("")))': setting(
        lambda: gocron.with_global_job_options(gocron.with_name(""))
    ),
    "NewJob(DurationJob(1h), NewTask(func(...int){}))": function(any_number),
    "NewJob(DurationJob(1h), NewTask(func(...int){}, 1, 2))": function(any_number, 1, 2),
    "NewJob(DurationJob(1h), NewTask(func(context.Context){}))": function(in_context),
    "NewJob(DurationJob(1h), NewTask(func(context.Context, int){}, 1))": function(in_context_and_one, 1),
    "NewJob(DurationJob(1h), NewTask((func())(nil)))": Mended(
        function(None), gocron.ErrNewJobTaskNotFunc, "there is no typed nil in Python"
    ),
    "NewJob(DurationJob(1h), NewTask(func(any){}, nil))": Mended(function(anything, None), None, "None is a value"),
    "NewJob(DurationJob(1h), NewTask(func(string, ...int){}))": Mended(
        function(text_and_any_number), gocron.ErrNewJobWrongNumberOfParameters, "refused (Go: a panic)"
    ),
    "NewJob(nil, task)": Mended(lambda stage: stage.scheduler.new_job(None, task()), KIND, REFUSED_KIND),
    "a job with NewTask(func(...int){}, 1) runs": lambda stage: stage.raise_error_of_run(any_number, 1),
    "WithEventListeners()": option(lambda: gocron.with_event_listeners()),
    "WithEventListeners(nil listener)": Mended(option(lambda: gocron.with_event_listeners(None)), KIND, REFUSED_KIND),
    "NewJob(..., nil option)": Mended(lambda stage: stage.new_job(None, None), KIND, REFUSED_KIND),
    "WithTags()": option(lambda: gocron.with_tags()),
    'WithTags("")': option(lambda: gocron.with_tags("")),
    "WithSingletonMode(LimitMode 0)": Mended(option(lambda: gocron.with_singleton_mode(0)), KIND, UNCHECKED),
    "WithCronImplementation(nil)": option(lambda: gocron.with_cron_implementation(None)),
    "WithDaylightSavingsTimePolicy(99)": Mended(
        option(lambda: gocron.with_daylight_savings_time_policy(99)), KIND, UNCHECKED
    ),
    "WithStartAt(nil)": Mended(option(lambda: gocron.with_start_at(None)), KIND, REFUSED_KIND),
    "WithStopAt(nil)": Mended(option(lambda: gocron.with_stop_at(None)), KIND, REFUSED_KIND),
    "WithStartAt(WithStartImmediately())": option(lambda: gocron.with_start_at(gocron.with_start_immediately())),
    "WithStartAt(WithStartDateTime(now))": lambda stage: same(1, runs_at_start(stage, hourly(), start_at(NOW))),
    "WithStartAt(WithStartDateTimePast(now - 1s))": option(lambda: start_at_past(NOW - SECOND)),
    "WithStopAt(WithStopDateTime(now))": lambda stage: same(0, start_and_count(stage, stop_at(NOW))),
    "WithStartAt(WithStartDateTime(+24h)), WithStopAt(WithStopDateTime(+24h))": lambda stage: same(
        0, start_and_count(stage, start_at(NOW + DAY), stop_at(NOW + DAY))
    ),
    'CronJob("TZ=UTC", false)': Mended(
        job(lambda: gocron.cron_job("TZ=UTC", False)), gocron.ErrCronJobParse, "quirk 17"
    ),
    'NewDefaultCron(false).IsValid("0 0 * * *", UTC, now)': lambda _: gocron.new_default_cron(False).is_valid(
        "0 0 * * *", UTC, NOW
    ),
    "WeeklyJob(1, weekday 9, 10:30:00)": Mended(
        job(lambda: gocron.weekly_job(1, [9], HALF_PAST_TEN)), KIND, "there is no such day of the week"
    ),
    "WeeklyJob(1, weekday 9, 10:30:00); Start; NextRuns": Mended(
        job(lambda: gocron.weekly_job(1, [9], HALF_PAST_TEN)), KIND, "there is no such day of the week"
    ),
    "OneTimeJob(OneTimeJobStartDateTimes(now - 1s, now + 24h))": lambda stage: same(
        [NOW + DAY], stage.start_with(one_time(NOW - SECOND, NOW + DAY), count=3)
    ),
    "OneTimeJob(OneTimeJobStartImmediately())": lambda stage: same(
        1, runs_at_start(stage, gocron.one_time_job(gocron.one_time_job_start_immediately()))
    ),
    "OneTimeJob(OneTimeJobStartDateTime(now - 1s)) with WithStartAt(WithStartImmediately())": lambda stage: same(
        1, runs_at_start(stage, one_time(NOW - SECOND), gocron.with_start_at(gocron.with_start_immediately()))
    ),
    "Update(unknown id, ...)": Mended(
        lambda stage: stage.scheduler.update(uuid.uuid4(), hourly(), task()),
        gocron.ErrJobNotFound,
        "update of an unknown id (Go: adds it)",
    ),
    "Update(nil UUID, ...)": Mended(
        lambda stage: stage.scheduler.update(uuid.UUID(int=0), hourly(), task()),
        gocron.ErrJobNotFound,
        "update of an unknown id",
    ),
    "RemoveByTags(unknown tag)": lambda stage: stage.scheduler.remove_by_tags("unknown"),
    "Shutdown(); NewJob(...)": Mended(
        lambda stage: shut_down(stage, lambda scheduler: scheduler.new_job(hourly(), task())),
        gocron.ErrSchedulerShutdown,
        "new_job, update, start after shutdown",
    ),
    "Shutdown(); Update(id, ...)": Mended(
        lambda stage: shut_down(stage, lambda scheduler: scheduler.update(uuid.uuid4(), hourly(), task())),
        gocron.ErrSchedulerShutdown,
        "new_job, update, start after shutdown",
    ),
    "Shutdown(); Shutdown()": lambda stage: shut_down(stage, lambda scheduler: scheduler.shutdown()),
    "Shutdown(); StopJobs()": lambda stage: shut_down(stage, lambda scheduler: scheduler.stop_jobs()),
    "Shutdown(); Start(); Jobs()": Mended(
        lambda stage: shut_down(stage, lambda scheduler: same([], scheduler.jobs()) or scheduler.start()),
        gocron.ErrSchedulerShutdown,
        "new_job, update, start after shutdown; jobs() gives none, as in Go",
    ),
    "StopJobs() before Start": lambda stage: stage.scheduler.stop_jobs(),
    "Shutdown() before Start": lambda stage: stage.scheduler.shutdown(),
    "Start(); Start()": started_twice,
    "NextRun() before Start": next_run_before_start,
    "NextRuns(0) and NextRuns(-1) after Start": Mended(next_runs_of_nothing, KIND, "0 gives [], -1 is refused"),
    "StopJobsWithContext(cancelled context) while a task runs": Mended(
        stopped_with_cancelled_context, gocron.Canceled, "as in Go: the context's own error"
    ),
    "ShutdownWithContext(10ms timeout) while a task runs": Mended(
        shut_down_with_short_context, gocron.DeadlineExceeded, "as in Go: the context's own error"
    ),
    "DailyJob(1, empty list of at-times) with the skip policy; Start": Mended(
        lambda stage: stage.start_with(gocron.daily_job(1, []), SKIP), gocron.ErrDailyJobAtTimesNil, "quirk 8"
    ),
    "WeeklyJob(1, empty list of weekdays, 10:30:00) with the skip policy; Start": Mended(
        lambda stage: stage.start_with(gocron.weekly_job(1, [], HALF_PAST_TEN), SKIP),
        gocron.ErrWeeklyJobDaysOfTheWeekNil,
        "quirk 8",
    ),
    "WeeklyJob(1, weekday -1, 10:30:00) with the skip policy; Start": Mended(
        lambda stage: stage.start_with(gocron.weekly_job(1, [-1], HALF_PAST_TEN), SKIP), KIND, "no such day"
    ),
    "MonthlyJob(1, 1, empty list of at-times); Start": Mended(
        lambda stage: stage.start_with(gocron.monthly_job(1, FIRST, [])), gocron.ErrMonthlyJobAtTimesNil, "quirk 8"
    ),
    "MonthlyJob(12, 30, 10:30:00) with a start time in February; Start; NextRuns": Mended(
        in_february, gocron.ErrMonthlyJobDays, "quirk 8"
    ),
    "MonthlyJob(12, 31, 10:30:00) at 15 June; Start": Mended(
        lambda stage: stage.start_with(gocron.monthly_job(12, [31], HALF_PAST_TEN)),
        gocron.ErrMonthlyJobDays,
        "quirk 8",
    ),
}

NO_ERROR = {"no error"}
CONTEXT_ERROR = "context error"


def same(expected: object, actual: object) -> None:
    assert expected == actual


@pytest.mark.parametrize("row", RECORDED["other"], ids=lambda row: row["call"])
def test_odd_calls_end_as_in_go_or_mended(stage: Stage, row: dict[str, str]) -> None:
    """Each odd call goes through as in Go, or is refused in the way that this file states, and none hangs."""
    call = OTHER[row["call"]]
    if isinstance(call, Mended):
        check_outcome(stage, call)
        return
    assert row["result"] in NO_ERROR
    call(stage)


def test_the_errors_of_contexts_have_gos_texts(stage: Stage) -> None:
    """A stop that a context cuts short raises the context's own error, with its text."""
    texts = {row["text"] for row in RECORDED["other"] if row["result"] == CONTEXT_ERROR}
    assert texts == {str(gocron.Canceled()), str(gocron.DeadlineExceeded())}


def test_a_task_that_outlasts_the_stop_time_on_a_moving_clock(stage: Stage) -> None:
    """A fake clock that is moved past the stop time-out ends the wait as the real clock does."""
    scheduler = stage.with_running_job(gocron.with_stop_timeout(HOUR))
    raised: list[BaseException] = []

    def stop() -> None:
        try:
            scheduler.stop_jobs()
        except gocron.GocronError as error:
            raised.append(error)

    stopping = threading.Thread(target=stop, daemon=True)
    stopping.start()
    end = time.monotonic() + LIMIT
    while stopping.is_alive() and time.monotonic() < end:
        stage.clock.advance(HOUR)
    assert [gocron.ErrStopJobsTimedOut] == [type(error) for error in raised]
    assert ["still running: test_errors.Stage.block"] == raised[0].__notes__


# -- what all errors have in common --------------------------------------------------------------------

CLASSES = [
    each
    for module in (errors, context)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, errors.GocronError) and each.__module__ == module.__name__
]
GO = {error["name"]: error["message"] for error in RECORDED["errors"]}


@pytest.mark.parametrize("name", sorted(GO))
def test_each_class_carries_gos_text(name: str) -> None:
    """The class of each Go variable is exported, and str() of it is Go's text."""
    error = getattr(gocron, name)() if name != "ErrPanicRecovered" else gocron.ErrPanicRecovered("boom")
    text = GO[name] if name != "ErrPanicRecovered" else "gocron: panic recovered from boom"
    assert text == str(error)


ALSO: dict[str, tuple[type[BaseException], ...]] = {
    "ErrJobNotFound": (LookupError,),
    "ErrStopExecutorTimedOut": (TimeoutError,),
    "ErrStopJobsTimedOut": (TimeoutError,),
    "ErrStopSchedulerTimedOut": (TimeoutError,),
    "ErrSchedulerBusy": (TimeoutError,),
    "DeadlineExceeded": (TimeoutError,),
    "ErrPanicRecovered": (RuntimeError,),
    "ErrJobRunNowFailed": (RuntimeError,),
    "ErrSchedulerShutdown": (RuntimeError,),
    "ErrSchedulerForked": (RuntimeError,),
    "Canceled": (),
    # What a tick locker or an elector answers is about other instances: nothing is wrong with the program.
    "NotLeader": (),
    "LockError": (),
    "LockLost": (),
    "TickTaken": (),
    "TickStale": (),
    "TickEarly": (),
    "TickBusy": (),
    "TickMissed": (),
    "TickPaused": (),
    "StoreError": (),
    "StoreDown": (),
    "StoreAmnesia": (),
    "StoreCorrupt": (),
}

# A wrong kind of object: nil in Go where something is due, no function, other arguments than the function's.
WRONG_KIND = ("Nil", "TaskNotFunc", "OfParameters", "ParameterMismatch", "InvalidArgument")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_hierarchy_is_that_of_the_contract(kind: type[BaseException]) -> None:
    """All are GocronError; wrong values ValueError, wrong kinds TypeError too; the rest what it is in Python."""
    assert issubclass(kind, gocron.GocronError)
    if kind.__name__ in {"GocronError", "ValidationError", "WrongKindError"}:
        return
    builtin = (ValueError, TypeError, LookupError, TimeoutError, RuntimeError)
    if kind.__name__ in ALSO:
        expected = ALSO[kind.__name__]
    elif kind.__name__.endswith(WRONG_KIND):
        expected = (ValueError, TypeError)
    else:
        expected = (ValueError,)
    assert set(expected) == {each for each in builtin if issubclass(kind, each)}


def test_the_family_of_locks() -> None:
    """except LockError takes all that a tick locker answers, except StoreError what is the store's fault alone."""
    answers = {"TickTaken", "TickStale", "TickEarly", "TickBusy", "TickMissed", "TickPaused", "LockLost"}
    faults = {"StoreDown", "StoreAmnesia", "StoreCorrupt"}
    family = {kind.__name__ for kind in CLASSES if issubclass(kind, gocron.LockError)}
    assert family == answers | faults | {"LockError", "StoreError"}
    assert {name for name in family if issubclass(getattr(gocron, name), gocron.StoreError)} == faults | {"StoreError"}
    assert not issubclass(gocron.NotLeader, gocron.LockError)
    kinds = [getattr(gocron, name) for name in sorted(family | {"NotLeader"})]
    assert all(str(kind()).startswith("gocron: ") for kind in kinds)
    assert len({str(kind()) for kind in kinds}) == len(kinds)
    assert [] == [name for name in family if getattr(gocron, name).retry_after is not None]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_errors_pickle_and_copy(kind: Any) -> None:
    """An error comes back from pickle and copy with its type, text, notes and value: process pools send errors so."""
    error = kind("what") if kind is gocron.ErrPanicRecovered else kind("a detail", got=60)
    error.add_note("another note")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(error, protocol))
        assert (kind, str(error), error.__notes__) == (type(back), str(back), back.__notes__)
    for back in (copy.copy(error), copy.deepcopy(error)):
        assert (kind, str(error), error.args, vars(error)) == (type(back), str(back), back.args, vars(back))


def test_the_text_is_gos_and_the_note_holds_what_was_given(stage: Stage) -> None:
    """str() is Go's text alone; a traceback shows beside it what was given."""
    with pytest.raises(gocron.ErrDailyJobHours) as caught:
        stage.new_job(gocron.daily_job(1, at(24, 0, 0)))
    shown = "".join(traceback.format_exception(caught.value))
    assert GO["ErrDailyJobHours"] == str(caught.value)
    assert "AtTime(hours=24, minutes=0, seconds=0)" in shown


def test_what_was_given_is_shortened(stage: Stage) -> None:
    """A value of megabytes does not go into logs whole, and one whose repr() raises does no harm."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    for value in ("x" * 1_000_000, list(range(1_000_000)), {n: n for n in range(10_000)}, Hostile()):
        with pytest.raises(gocron.ErrInvalidArgument) as caught:
            gocron.duration_job(value)
        assert len("\n".join(caught.value.__notes__)) < 500


def test_the_cause_of_a_panic_is_chained(stage: Stage) -> None:
    """ErrPanicRecovered has the raised exception as its cause, and the value that was given to panic()."""
    error = stage.error_of_run(panic)
    assert isinstance(error, gocron_py.ErrPanicRecovered)
    assert "boom" == error.value
    assert error.__cause__ is not None


def test_errors_that_exist_for_ported_code_can_be_caught() -> None:
    """except ErrSchedulerBusy or ErrNewJobWrongTypeOfParameters in a port is valid, though nothing here raises them."""
    for name in FOR_PORTED_CODE:
        with pytest.raises(gocron.GocronError, match=GO[name]):
            raise getattr(gocron, name)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda url: gocron.new_scheduler(gocron.with_distributed_locker(url)),
        lambda url: gocron.new_scheduler(gocron.with_distributed_elector(url)),
        lambda url: gocron.new_scheduler(gocron.with_distributed_locker([url, url])),
    ],
)
@pytest.mark.parametrize("path", ["0", "x" * 200])
def test_url_in_place_of_a_locker_is_shown_without_its_password(wrong: Callable[[Any], object], path: str) -> None:
    """A likely slip; what was given is shown, but for that."""
    with pytest.raises(gocron.GocronError) as caught:
        wrong(f"redis://jobs:s3cr@t@localhost/{path}")
    text = "".join(traceback.format_exception_only(caught.value))
    assert "redis://jobs:***@localhost" in text
    assert "s3cr" not in text
