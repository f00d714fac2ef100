"""Four workers; each starts a scheduler of its own when it is ready."""

from typing import Any

workers = 4
worker_class = "sync"


def post_worker_init(worker: Any) -> None:
    import app

    worker.scheduler = app.start_scheduler()


def worker_exit(server: Any, worker: Any) -> None:
    if hasattr(worker, "scheduler"):
        worker.scheduler.shutdown()
