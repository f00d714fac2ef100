"""What gunicorn has to do: a scheduler in each worker, and no gauges of workers that are gone."""

from prometheus_client import multiprocess


def post_worker_init(worker):
    from app import start_scheduler

    start_scheduler()


def child_exit(server, worker):
    multiprocess.mark_process_dead(worker.pid)
