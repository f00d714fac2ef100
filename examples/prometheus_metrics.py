"""Metrics of jobs for Prometheus: one object, given to the scheduler."""

import logging
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

import gocron_py as gocron
from gocron_py.integrations.prometheus import PrometheusMonitor
from gocron_py.testing import FakeClock, wait_for_runs

clock = FakeClock()
registry = CollectorRegistry()  # left out, it is prometheus_client's own, which its start_http_server(8000) shows


def back_up() -> None:
    clock.advance(timedelta(minutes=10))  # that is how long it takes
    if clock.now().minute == 30:
        raise OSError("disk full")


logging.getLogger("gocron_py").setLevel(logging.CRITICAL)  # the failure is seen in the metrics
monitor = PrometheusMonitor(registry)
with gocron.new_scheduler(gocron.with_clock(clock), gocron.with_scheduler_monitor(monitor)) as scheduler:
    job = scheduler.new_job(gocron.cron_job("@weekly"), gocron.new_task(back_up), gocron.with_name("backup"))
    for _ in range(4):
        job.run_now()
        wait_for_runs(scheduler)
    for line in generate_latest(registry).decode().splitlines():
        if line.startswith(("gocron_runs_total", "gocron_run_duration_seconds_sum", "gocron_schedulers")):
            print(line)

# Output:
# gocron_runs_total{job_name="backup",outcome="success"} 3.0
# gocron_runs_total{job_name="backup",outcome="fail"} 1.0
# gocron_runs_total{job_name="backup",outcome="skip"} 0.0
# gocron_runs_total{job_name="backup",outcome="singleton_rescheduled"} 0.0
# gocron_run_duration_seconds_sum{job_name="backup",outcome="success"} 1800.0
# gocron_run_duration_seconds_sum{job_name="backup",outcome="fail"} 600.0
# gocron_schedulers_started 1.0
