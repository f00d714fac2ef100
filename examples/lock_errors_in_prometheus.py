"""Lock errors as a metric: ``after_lock_error`` feeds a counter of Prometheus, as in gocron's guide.

It tells an instance that was merely not the first one from a store that does not answer: only the latter is an alarm.
``PrometheusMonitor`` counts the same by itself, as ``gocron_locks_total``.
"""

import logging
from datetime import timedelta
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, generate_latest

import gocron_py as gocron
from gocron_py.testing import FakeClock, wait_for_runs

registry = CollectorRegistry()
lock_errors = Counter(
    "jobs_lock_errors", "Runs that did not get their lock.", ["job_name", "reason"], registry=registry
)


def count(job_id: UUID, job_name: str, error: Exception) -> None:
    reason = "store" if isinstance(error, gocron.StoreError) else "held"
    lock_errors.labels(job_name, reason).inc()


class Lockers:
    """Stands for a locker on a server: another instance is faster twice, then the server is away."""

    def __init__(self) -> None:
        self.answers = iter([gocron.TickBusy("a.example has it"), gocron.TickBusy("b.example has it")])

    def lock(self, ctx: gocron.Context, key: str) -> gocron.Lock:
        raise next(self.answers, gocron.StoreDown("connection refused"))


logging.getLogger("gocron_py").setLevel(logging.CRITICAL)  # it would warn of the store, once a minute
clock = FakeClock()
options = gocron.with_clock(clock), gocron.with_distributed_locker(Lockers())
everywhere = gocron.with_global_job_options(gocron.with_event_listeners(gocron.after_lock_error(count)))
with gocron.new_scheduler(*options, everywhere) as scheduler:
    scheduler.new_job(gocron.cron_job("@hourly"), gocron.new_task(print, "never"), gocron.with_name("report"))
    for _ in range(5):
        clock.advance(timedelta(hours=1))
        wait_for_runs(scheduler)
for line in generate_latest(registry).decode().splitlines():
    if line.startswith("jobs_lock_errors_total"):
        print(line)

# Output:
# jobs_lock_errors_total{job_name="report",reason="held"} 2.0
# jobs_lock_errors_total{job_name="report",reason="store"} 3.0
