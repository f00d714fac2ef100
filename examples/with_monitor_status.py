"""A monitor that hears the timing of each run together with how it ended."""

import logging
from datetime import datetime, timedelta
from queue import SimpleQueue
from uuid import UUID

import gocron_py as gocron
from gocron_py.testing import FakeClock


class StatusMonitor:
    """A ``gocron.MonitorStatus``: a Monitor with one method more."""

    def increment_job(self, job_id: UUID, name: str, tags: list[str], status: gocron.JobStatus) -> None:
        pass

    def record_job_timing(self, start: datetime, end: datetime, job_id: UUID, name: str, tags: list[str]) -> None:
        pass

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


logging.getLogger("gocron_py").setLevel(logging.CRITICAL)  # the monitor hears of the error
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_monitor_status(StatusMonitor())) as scheduler:
    for minutes in 2, 10:
        scheduler.new_job(
            gocron.one_time_job(gocron.one_time_job_start_immediately()),
            gocron.new_task(work, minutes),
            gocron.with_name(f"{minutes} minutes"),
        )
        print(told.get())

# Output:
# 2 minutes: success after 0:02:00, None
# 10 minutes: fail after 0:10:00, TimeoutError('too slow')
