"""Calls that type checkers must refuse: each line marked ``# error``, and no other."""

# pyright: strict

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import gocron_py as gocron
from gocron_py.distributed import TickLocker, hold_at_least
from gocron_py.distributed.memory import MemoryElector, MemoryTickLocker
from gocron_py.distributed.sqlite import SQLiteElector, SQLiteTickLocker

SECOND = timedelta(seconds=1)
NOON = gocron.new_at_times(gocron.new_at_time(12, 0, 0))


def nothing() -> None: ...


def add(a: int, b: int) -> int:
    return a + b


def with_context(ctx: gocron.Context, name: str) -> None: ...


async def coroutine(url: str) -> None: ...


def tasks() -> None:
    gocron.new_task(nothing, 1)  # error
    gocron.new_task(add)  # error
    gocron.new_task(add, 1)  # error
    gocron.new_task(add, 1, "2")  # error
    gocron.new_task(add, 1, 2, 3)  # error
    gocron.new_task(add, 1, c=2)  # error
    gocron.new_task(with_context)  # error
    gocron.new_task(with_context, 1)  # error
    gocron.new_task(with_context, "name", "more")  # error
    gocron.new_task(coroutine)  # error
    gocron.new_task(coroutine, 1)  # error
    gocron.new_task(None)  # error
    gocron.new_task("nothing")  # error


class NotALocker:
    def lock(self, key: str) -> None: ...


class LockerWithoutALock:
    def lock(self, ctx: gocron.Context, key: str) -> None: ...


class LockerOfOtherKeys:
    def lock(self, ctx: gocron.Context, key: int) -> gocron.Lock:
        raise NotImplementedError


class NotAnElector:
    def is_leader(self) -> bool:
        return True


class NotAMonitorStatus:
    def increment_job(self, id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None: ...

    def record_job_timing(
        self, start_time: datetime, end_time: datetime, id: UUID, name: str, tags: list[str]
    ) -> None: ...


def schedulers() -> None:
    gocron.with_clock(datetime.now)  # error
    gocron.with_distributed_elector(NotAnElector())  # error
    gocron.with_distributed_locker(NotALocker())  # error
    gocron.with_distributed_locker(LockerWithoutALock())  # error
    gocron.with_distributed_locker(LockerOfOtherKeys())  # error
    gocron.with_distributed_locker(None)  # error
    gocron.with_global_job_options(gocron.with_stop_timeout(SECOND))  # error
    gocron.with_limit_concurrent_jobs(1)  # error
    gocron.with_limit_concurrent_jobs(1, "wait")  # error
    gocron.with_location(1)  # error
    gocron.with_logger(print)  # error
    gocron.with_monitor_status(NotAMonitorStatus())  # error
    gocron.with_stop_timeout(10)  # error
    gocron.new_scheduler(gocron.with_name("name"))  # error


def definitions(scheduler: gocron.Scheduler) -> None:
    gocron.cron_job(5)  # error
    gocron.duration_job(5)  # error
    gocron.duration_random_job(SECOND)  # error
    gocron.daily_job(1)  # error
    gocron.daily_job("1", NOON)  # error
    gocron.weekly_job(1, gocron.new_weekdays("monday"), NOON)  # error
    gocron.monthly_job(1, gocron.new_days_of_the_month("1"), NOON)  # error
    gocron.one_time_job(datetime.now(UTC))  # error
    scheduler.new_job(SECOND, gocron.new_task(nothing))  # error
    scheduler.new_job(gocron.duration_job(SECOND), nothing)  # error
    scheduler.new_job(gocron.duration_job(SECOND))  # error
    scheduler.new_job(gocron.duration_job(SECOND), gocron.new_task(nothing), "name")  # error
    scheduler.update("id", gocron.duration_job(SECOND), gocron.new_task(nothing))  # error
    scheduler.remove_job("id")  # error


def heard(job_id: UUID, job_name: str) -> None: ...


def heard_with_error(job_id: UUID, job_name: str, error: Exception) -> None: ...


def heard_by_text(job_id: str, job_name: str) -> None: ...


def job_options() -> None:
    gocron.before_job_runs(nothing)  # error
    gocron.after_job_runs(heard_with_error)  # error
    gocron.after_job_runs(heard_by_text)  # error
    gocron.after_job_runs_with_error(heard)  # error
    gocron.with_event_listeners(heard)  # error
    gocron.with_identifier("id")  # error
    gocron.with_limited_runs("1")  # error
    gocron.with_singleton_mode(1)  # error
    gocron.with_start_at(datetime.now(UTC))  # error
    gocron.with_start_at(gocron.with_stop_date_time(datetime.now(UTC)))  # error
    gocron.with_stop_at(gocron.with_start_immediately())  # error
    gocron.with_tags(1)  # error


def instances() -> None:
    gocron.with_tick_policy(on_crash="retry")  # error
    gocron.with_tick_policy(leese=SECOND)  # error
    gocron.with_tick_policy(lease=30)  # error
    gocron.with_tick_policy("skip")  # error
    gocron.tick_from("job")  # error
    SQLiteTickLocker()  # error
    SQLiteTickLocker("jobs.db", catch_up=True)  # error
    SQLiteTickLocker("jobs.db", on_event=lambda: None)  # error
    SQLiteElector("jobs.db", on_change=lambda: None)  # error
    MemoryTickLocker(5)  # error
    MemoryElector()  # error
    TickLocker(object())  # error
    hold_at_least(NotALocker(), SECOND)  # error
    fence: int = gocron.current_run().fence  # error
    print(fence)


def jobs(job: gocron.Job) -> None:
    number: int = job.next_run()  # error
    job.next_runs("3")  # error
    job.next_run = None  # error
    print(number)


def contexts(ctx: gocron.Context) -> None:
    gocron.context.with_timeout(ctx, "5")  # error
    gocron.context.with_cancel()  # error
    ctx.cancelled()  # error
