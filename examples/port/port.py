"""The back office of a small shop: a day and a half of its jobs, over the night in which
the clocks of Berlin go from 02:00 to 03:00. script.py lets the time pass.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import gocron_py as gocron
from script import Script


class Shop(Script):
    checks = 0

    def check_health(self, target: str, limit: int) -> None:
        self.checks += 1
        if self.checks % limit == 0:
            raise ConnectionError(f"{target} does not answer")

    def back_up(self, ctx: gocron.Context) -> Exception | None:
        self.say(f"backing up, cancelled: {str(ctx.done()).lower()}")
        return ctx.err()

    def report(self, to: str) -> None:
        self.say(f"report for {to}")

    def migrate(self) -> None:
        self.say("migrating")

    def print_invoices(self) -> None:
        gocron.panic("the printer is on fire")

    def done(self, _: UUID, name: str) -> None:
        self.say(f"{name}: done")
        self.end()

    def failed(self, _: UUID, name: str, error: Exception) -> None:
        self.say(f"{name}: failed: {error}")
        self.end()

    def panicked(self, _: UUID, name: str, data: Any) -> None:
        self.say(f"{name}: panicked: {data}")


def main() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2024, 3, 31, 0, 5, tzinfo=berlin)
    shop = Shop(start)
    scheduler = gocron.new_scheduler(
        gocron.with_clock(shop.clock),
        gocron.with_location(berlin),
        gocron.with_global_job_options(
            gocron.with_event_listeners(
                gocron.after_job_runs(shop.done),
                gocron.after_job_runs_with_error(shop.failed),
                gocron.after_job_runs_with_panic(shop.panicked),
            )
        ),
    )

    health = scheduler.new_job(
        gocron.duration_job(timedelta(hours=2)),
        gocron.new_task(shop.check_health, "the shop", 3),
        gocron.with_name("health"),
    )
    scheduler.new_job(
        gocron.daily_job(1, gocron.new_at_times(gocron.new_at_time(2, 30, 0))),
        gocron.new_task(shop.back_up),
        gocron.with_name("backup"),
        gocron.with_daylight_savings_time_policy(gocron.DAYLIGHT_SAVINGS_TIME_RUN_AFTER_TRANSITION),
    )
    report = scheduler.new_job(
        gocron.weekly_job(
            1, gocron.new_weekdays(gocron.Weekday.MONDAY), gocron.new_at_times(gocron.new_at_time(9, 15, 0))
        ),
        gocron.new_task(shop.report, "the owner"),
        gocron.with_name("report"),
    )
    scheduler.new_job(
        gocron.monthly_job(1, gocron.new_days_of_the_month(-1), gocron.new_at_times(gocron.new_at_time(23, 45, 0))),
        gocron.new_task(shop.print_invoices),
        gocron.with_name("invoices"),
    )
    # Adding to a datetime of a zone moves its wall clock; Go's Add lets real time pass: 13:05, not 12:05.
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_date_time(shop.clock.now() + timedelta(hours=12))),
        gocron.new_task(shop.migrate),
        gocron.with_name("migration"),
    )
    scheduler.new_job(
        gocron.cron_job("*/40 0-6 * * *", False),
        gocron.new_task(shop.report, "the baker"),
        gocron.with_name("bakery"),
        gocron.with_tags("night"),
        gocron.with_limited_runs(4),
    )
    try:
        scheduler.new_job(gocron.cron_job("61 * * * *", False), gocron.new_task(shop.migrate))
    except gocron.ErrCronJobParse as error:
        print(f"refused: {error}")

    scheduler.start()
    shop.go(scheduler, timedelta(hours=12))

    scheduler.update(
        health.id(),
        gocron.cron_job("10 */6 * * *", False),
        gocron.new_task(shop.check_health, "the new shop", 2),
        gocron.with_name("health"),
    )
    scheduler.remove_by_tags("night")
    report.run_now()
    shop.settle(scheduler, 1)
    shop.go(scheduler, timedelta(hours=24))

    for job in sorted(scheduler.jobs(), key=gocron.Job.name):
        next_run = job.next_run()
        if next_run is None:
            print(f"{job.name()}: no next run")
        else:
            print(f"{job.name()}: next run {next_run.isoformat()}")
    scheduler.shutdown()
    print("closed")


if __name__ == "__main__":
    main()
