"""Python's logging has what the scheduler reports: by default the logger "gocron_py", with values on the record."""

import logging
import threading

import gocron_py as gocron

logged = threading.Event()


class PlainHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(record.levelname, record.getMessage())
        print(vars(record)["gocron"])
        logged.set()


def back_up() -> None:
    raise OSError("disk full")


logging.basicConfig(level=logging.WARNING, handlers=[PlainHandler()])
with gocron.new_scheduler() as scheduler:
    scheduler.new_job(
        gocron.one_time_job(gocron.one_time_job_start_immediately()),
        gocron.new_task(back_up),
        gocron.with_name("backup"),
    )
    logged.wait()

# Output:
# ERROR gocron: job failed, job=backup, error=disk full
# {'job': 'backup', 'error': 'disk full'}
