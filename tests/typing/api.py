"""Calls that type checkers must accept. Never run: ``test_typing.py`` has mypy and pyright read it."""

# pyright: strict

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any, assert_type
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import gocron_py as gocron
from gocron_py.distributed import (
    Entry,
    Snapshot,
    StoreElector,
    TickEvent,
    TickEventKind,
    TickLocker,
    TickStore,
    hold_at_least,
)
from gocron_py.distributed.memory import MemoryElector, MemoryStore, MemoryTickLocker
from gocron_py.distributed.sqlite import SQLiteElector, SQLiteTickLocker
from gocron_py.testing import FakeClock

SECOND = timedelta(seconds=1)
NOON = gocron.new_at_times(gocron.new_at_time(12, 0, 0))


# Tasks


def nothing() -> None: ...


def add(a: int, b: int = 2, *, c: int = 3) -> int:
    return a + b + c


def with_context(ctx: gocron.Context) -> None: ...


def with_context_and_more(ctx: gocron.Context, name: str, count: int = 1) -> None: ...


async def coroutine(url: str) -> bytes:
    return url.encode()


async def coroutine_with_context(ctx: gocron.Context, url: str) -> None: ...


def returns_an_error() -> Exception | None:
    return None


class Worker:
    def work(self, name: str) -> None: ...

    def __call__(self, number: float) -> None: ...


def tasks(ctx: gocron.Context, anything: Any) -> None:
    assert_type(gocron.new_task(nothing), gocron.Task)
    gocron.new_task(add, 1)
    gocron.new_task(add, 1, 2)
    gocron.new_task(add, 1, b=2, c=3)
    gocron.new_task(with_context)
    gocron.new_task(with_context, ctx)
    gocron.new_task(with_context_and_more, "name")
    gocron.new_task(with_context_and_more, "name", 2)
    gocron.new_task(with_context_and_more, "name", count=2)
    gocron.new_task(with_context_and_more, ctx, "name")
    gocron.new_task(coroutine, "https://example.org")
    gocron.new_task(coroutine_with_context, "https://example.org")
    gocron.new_task(returns_an_error)
    gocron.new_task(Worker().work, "name")
    gocron.new_task(Worker(), 1.5)
    gocron.new_task(lambda: print("now"))
    gocron.new_task(print, "a", "b", sep=", ")
    gocron.new_task(anything, 1, x=2)


# Schedulers


class MyLock:
    def unlock(self, ctx: gocron.Context) -> None: ...


class MyLocker:
    def lock(self, ctx: gocron.Context, key: str) -> MyLock:
        return MyLock()


class MyElector:
    def is_leader(self, ctx: gocron.Context) -> None: ...


class MyLogger:
    def debug(self, msg: str, *args: Any) -> None: ...

    def error(self, msg: str, *args: Any) -> None: ...

    def info(self, msg: str, *args: Any) -> None: ...

    def warn(self, msg: str, *args: Any) -> None: ...


class MyMonitor:
    def increment_job(self, id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None: ...

    def record_job_timing(
        self, start_time: datetime, end_time: datetime, id: UUID, name: str, tags: list[str]
    ) -> None: ...


class MyMonitorStatus(MyMonitor):
    def record_job_timing_with_status(
        self,
        start_time: datetime,
        end_time: datetime,
        id: UUID,
        name: str,
        tags: list[str],
        status: gocron.JobStatus,
        err: BaseException | None,
    ) -> None: ...


class MySchedulerMonitor:
    def scheduler_started(self) -> None: ...

    def scheduler_stopped(self) -> None: ...

    def scheduler_shutdown(self) -> None: ...

    def job_registered(self, job: gocron.Job) -> None: ...

    def job_unregistered(self, job: gocron.Job) -> None: ...

    def job_started(self, job: gocron.Job) -> None: ...

    def job_running(self, job: gocron.Job) -> None: ...

    def job_failed(self, job: gocron.Job, err: BaseException) -> None: ...

    def job_completed(self, job: gocron.Job) -> None: ...

    def job_execution_time(self, job: gocron.Job, duration: timedelta) -> None: ...

    def job_scheduling_delay(self, job: gocron.Job, scheduled_time: datetime, actual_start_time: datetime) -> None: ...

    def concurrency_limit_reached(self, limit_type: str, job: gocron.Job) -> None: ...


def schedulers(ctx: gocron.Context, zone: tzinfo) -> None:
    with gocron.new_scheduler() as started:
        assert_type(started, gocron.Scheduler)
        started.wait(1.5)
    scheduler = gocron.new_scheduler(
        gocron.with_clock(FakeClock()),
        gocron.with_distributed_elector(MyElector()),
        gocron.with_distributed_locker(MyLocker()),
        gocron.with_executor(ProcessPoolExecutor()),
        gocron.with_global_job_options(gocron.with_tags("all"), gocron.with_limited_runs(3)),
        gocron.with_limit_concurrent_jobs(2, gocron.LimitMode.WAIT),
        gocron.with_limit_concurrent_jobs(2, gocron.LIMIT_MODE_RESCHEDULE),
        gocron.with_location("Europe/Berlin"),
        gocron.with_location(ZoneInfo("Europe/Berlin")),
        gocron.with_location(UTC),
        gocron.with_location(zone),
        gocron.with_logger(MyLogger()),
        gocron.with_logger(gocron.new_logger(gocron.LogLevel.DEBUG)),
        gocron.with_max_workers(50),
        gocron.with_monitor(MyMonitor()),
        gocron.with_monitor(MyMonitorStatus()),
        gocron.with_monitor_status(MyMonitorStatus()),
        gocron.with_scheduler_monitor(MySchedulerMonitor()),
        gocron.with_stop_timeout(SECOND),
    )
    scheduler.start()
    assert_type(scheduler.jobs(), list[gocron.Job])
    assert_type(scheduler.jobs_waiting_in_queue(), int)
    scheduler.remove_by_tags("a", "b")
    scheduler.remove_job(uuid4())
    scheduler.stop_jobs()
    scheduler.stop_jobs_with_context(ctx)
    scheduler.run_until_signal()
    scheduler.shutdown()
    scheduler.shutdown_with_context(ctx)


# Definitions


class MyCron:
    def is_valid(self, crontab: str, location: tzinfo, now: datetime) -> None: ...

    def next(self, last_run: datetime) -> datetime:
        return last_run + SECOND


def definitions(scheduler: gocron.Scheduler) -> None:
    days: gocron.DaysOfTheMonth = gocron.new_days_of_the_month(1, 15, -1)
    weekdays: gocron.Weekdays = gocron.new_weekdays(gocron.Weekday.MONDAY, gocron.Weekday.SUNDAY)
    times: gocron.AtTimes = gocron.new_at_times(gocron.new_at_time(9, 30, 0), time(17, 45))
    every: list[gocron.JobDefinition] = [
        gocron.cron_job("*/5 * * * *"),
        gocron.cron_job("0 */5 * * * *", True),
        gocron.cron_job("0 */5 * * * *", with_seconds=True),
        gocron.duration_job(SECOND),
        gocron.duration_random_job(SECOND, 2 * SECOND),
        gocron.daily_job(1, times),
        gocron.weekly_job(2, weekdays, times),
        gocron.monthly_job(1, days, times),
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.one_time_job(gocron.one_time_job_start_date_time(datetime.now(UTC))),
        gocron.one_time_job(gocron.one_time_job_start_date_times(datetime.now(UTC), datetime.now(UTC))),
        gocron.rrule_job("FREQ=DAILY;BYHOUR=9"),
    ]
    for definition in every:
        job = scheduler.new_job(definition, gocron.new_task(nothing))
        assert_type(job, gocron.Job)
        assert_type(scheduler.update(job.id(), definition, gocron.new_task(add, 1)), gocron.Job)
    cron: gocron.Cron = gocron.new_default_cron(False)
    cron.is_valid("* * * * *", UTC, datetime.now(UTC))
    assert_type(gocron.time_from_at_time(gocron.new_at_time(1, 2, 3), UTC), time)


# Job options


def heard(job_id: UUID, job_name: str) -> None: ...


def refused(job_id: UUID, job_name: str) -> Exception | None:
    return None


def raises(job_id: UUID, job_name: str) -> None: ...


def failed(job_id: UUID, job_name: str, error: Exception) -> None: ...


def failed_somehow(job_id: UUID, job_name: str, error: BaseException) -> None: ...


def panicked(job_id: UUID, job_name: str, recover_data: Any) -> None: ...


def panicked_with_anything(job_id: UUID, job_name: str, recover_data: object) -> None: ...


def job_options(ctx: gocron.Context, call: Callable[[UUID, str], object]) -> None:
    options: list[gocron.JobOption] = [
        gocron.with_context(ctx),
        gocron.with_cron_implementation(MyCron()),
        gocron.with_daylight_savings_time_policy(gocron.DaylightSavingsTimePolicy.SKIP),
        gocron.with_daylight_savings_time_policy(gocron.DAYLIGHT_SAVINGS_TIME_RUN_AFTER_TRANSITION),
        gocron.with_disabled_distributed_job_locker(True),
        gocron.with_distributed_job_locker(MyLocker()),
        gocron.with_event_listeners(
            gocron.before_job_runs(heard),
            gocron.before_job_runs(call),
            gocron.before_job_runs_skip_if_before_func_errors(refused),
            gocron.before_job_runs_skip_if_before_func_errors(raises),
            gocron.after_job_runs(heard),
            gocron.after_job_runs(lambda job_id, job_name: print(job_id.hex, job_name.upper())),
            gocron.after_job_runs_with_error(failed),
            gocron.after_job_runs_with_error(failed_somehow),
            gocron.after_job_runs_with_panic(panicked),
            gocron.after_job_runs_with_panic(panicked_with_anything),
            gocron.after_lock_error(failed),
        ),
        gocron.with_history_size(100),
        gocron.with_identifier(uuid4()),
        gocron.with_interval_from_completion(),
        gocron.with_limited_runs(1),
        gocron.with_name("name"),
        gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
        gocron.with_start_at(gocron.with_start_immediately()),
        gocron.with_start_at(gocron.with_start_date_time(datetime.now(UTC))),
        gocron.with_start_at(gocron.with_start_date_time_past(datetime.now(UTC))),
        gocron.with_stop_at(gocron.with_stop_date_time(datetime.now(UTC))),
        gocron.with_tags("a", "b"),
    ]
    gocron.new_scheduler().new_job(gocron.duration_job(SECOND), gocron.new_task(nothing), *options)


# Jobs


def jobs(job: gocron.Job) -> None:
    assert_type(job.id(), UUID)
    assert_type(job.name(), str)
    assert_type(job.tags(), list[str])
    assert_type(job.is_running(), bool)
    assert_type(job.last_run_started_at(), datetime | None)
    assert_type(job.last_run_completed_at(), datetime | None)
    assert_type(job.next_run(), datetime | None)
    assert_type(job.next_runs(3), list[datetime])
    job.run_now()
    for record in job.history():
        assert_type(record, gocron.RunRecord)
    schedule = job.schedule()
    assert_type(schedule.job_type(), gocron.JobType)
    if isinstance(schedule, gocron.DailyJobSchedule):
        assert_type(schedule.interval, int)


# Several instances


def happened(event: TickEvent) -> None:
    assert_type(event.kind, TickEventKind)
    assert_type(event.job_name, str)
    assert_type(event.at, datetime | None)


class MyStore(TickStore):
    poll = 1.0

    def load(self, keys: Sequence[str]) -> Snapshot:
        return Snapshot(0, {key: Entry("text", 1) for key in keys})

    def compare_and_set(self, key: str, version: object, text: str) -> bool:
        return False


class TickAwareLocker:
    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        assert_type(gocron.tick_from(ctx), gocron.Tick | None)
        return MyLock()


def instances(path: Path) -> None:
    lockers: list[TickLocker] = [
        SQLiteTickLocker(path),
        SQLiteTickLocker("jobs.db", on_event=happened, on_crash="rerun", max_attempts=3, catch_up="all"),
        MemoryTickLocker(MemoryStore(FakeClock()), start_deadline=SECOND, lease=10 * SECOND, on_store_error="run"),
        MemoryTickLocker(clock=FakeClock(), overlap=True, splay=SECOND),
        TickLocker(MyStore(), on_event=print),
    ]
    for locker in lockers:
        gocron.with_distributed_locker(locker)
        gocron.with_distributed_job_locker(locker)
        assert_type(locker.counts(), dict[TickEventKind, int])
        assert_type(locker.policy, gocron.TickPolicy)
        locker.close()
    electors: list[StoreElector] = [
        SQLiteElector(path, name="shop", on_change=print),
        MemoryElector(MemoryStore()),
        StoreElector(MyStore()),
    ]
    for elector in electors:
        gocron.with_distributed_elector(elector)
        elector.close()
    gocron.with_distributed_locker(TickAwareLocker())
    gocron.with_distributed_locker(hold_at_least(MyLocker(), SECOND))
    gocron.with_tick_policy(key="name", on_crash="skip", catch_up="none", start_deadline=None)
    policy = gocron.TickPolicy(on_crash="rerun")
    assert_type(policy.max_attempts, int)
    run = gocron.current_run()
    assert_type(run, gocron.CurrentRun)
    assert_type(run.tick.at, datetime)
    assert_type(run.tick.kind, gocron.TickKind)
    assert_type(run.attempt, int)
    assert_type(run.fence, int | None)
    assert_type(run.context.err(), gocron.Canceled | gocron.DeadlineExceeded | None)


# Contexts


def contexts() -> None:
    ctx, cancel = gocron.context.with_cancel(gocron.context.background())
    assert_type(ctx, gocron.Context)
    cancel()
    caused, cancel_cause = gocron.context.with_cancel_cause(ctx)
    cancel_cause(ValueError("why"))
    gocron.context.with_timeout(caused, SECOND)
    gocron.context.with_deadline(caused, datetime.now(UTC))
    gocron.context.with_value(gocron.context.todo(), "key", 1)
    assert_type(ctx.done(), bool)
    assert_type(ctx.wait(1.5), bool)
    assert_type(ctx.deadline(), datetime | None)
