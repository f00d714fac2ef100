"""A job's name is given by with_name; without, it is that of the function."""

from datetime import timedelta

import gocron_py as gocron


def back_up() -> None:
    print("backing up")


scheduler = gocron.new_scheduler()
hourly = gocron.duration_job(timedelta(hours=1))
print(scheduler.new_job(hourly, gocron.new_task(back_up), gocron.with_name("foobar")).name())
print(scheduler.new_job(hourly, gocron.new_task(back_up)).name())

# Output:
# foobar
# __main__.back_up
