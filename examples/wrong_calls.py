"""What is wrong is refused by the call itself, before anything runs, and the error says what is right."""

from collections.abc import Callable
from datetime import time, timedelta

import gocron_py as gocron

scheduler = gocron.new_scheduler()
hourly = gocron.duration_job(timedelta(hours=1))


def greet(name: str) -> None:
    print("hello,", name)


def attempt(call: Callable[[], object]) -> None:
    try:
        call()
    except gocron.GocronError as error:
        print(type(error).__name__)
        for line in [*str(error).splitlines(), *getattr(error, "__notes__", [])]:
            print("  ", line)


attempt(lambda: scheduler.new_job(gocron.cron_job("0 25 * * *"), gocron.new_task(greet, "world")))
attempt(lambda: scheduler.new_job(gocron.cron_job("0 0 30 2 *"), gocron.new_task(greet, "world")))
attempt(lambda: scheduler.new_job(gocron.daily_job(0, [time(9)]), gocron.new_task(greet, "world")))
attempt(lambda: scheduler.new_job(hourly, gocron.new_task(greet)))  # type: ignore[call-overload]
attempt(lambda: scheduler.new_job(hourly, gocron.new_task(greet, "world"), gocron.with_limited_runs(0)))
attempt(lambda: gocron.new_scheduler(gocron.with_location("Europe/Nowhere")))
print("jobs:", scheduler.jobs())

# Output:
# ErrCronJobParse
#    gocron: CronJob: crontab parse failure
#    end of range (25) above maximum (23): 25
#    got '0 25 * * *'
# ErrCronJobInvalid
#    gocron: CronJob: invalid crontab
#    the crontab names no day that its months have: it never runs
# ErrDailyJobZeroInterval
#    gocron: DailyJob: interval must be greater than 0
#    got 0
# ErrNewJobWrongNumberOfParameters
#    gocron: NewJob: Number of provided parameters does not match expected
#    __main__.greet(name: str) -> None: missing a required argument: 'name'
# ErrWithLimitedRunsZero
#    gocron: WithLimitedRuns: limit must be greater than 0
#    got 0
# ErrWithLocationUnknown
#    gocron: WithLocation: unknown time zone
#    got 'Europe/Nowhere'
# jobs: []
