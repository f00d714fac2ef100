"""A monitor that hears the timing of each run together with how it ended."""

from datetime import datetime, timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock


class StatusMonitor(gocron.MonitorStatus):
    """Of the methods that are inherited the ones not wanted may be left out: they do nothing."""

    def record_job_timing_with_status(
        self,
        start: datetime,
        end: datetime,
        job_id: UUID,
        name: str,
        tags: list[str],
        status: gocron.JobStatus,
        error: Exception | None,
    ) -> None:
        told.put(f"{name}: {status} after {end - start}, {error!r}")


clock = FakeClock()
told: SimpleQueue[str] = SimpleQueue()


def work(minutes: int) -> None:
    clock.advance(timedelta(minutes=minutes))  # that is how long it takes
    if minutes > 5:
        raise TimeoutError("too slow")


with gocron.new_scheduler(
    gocron.with_clock(clock),
    gocron.with_monitor_status(StatusMonitor()),
    gocron.with_logger(gocron.new_logger(gocron.LogLevel(-1))),
) as scheduler:
    for minutes in 2, 10:
        scheduler.new_job(
            gocron.one_time_job(gocron.one_time_job_start_immediately()),
            gocron.new_task(work, minutes),
            gocron.with_name(f"{minutes} minutes"),
        )
        print(told.get())

# Output:
