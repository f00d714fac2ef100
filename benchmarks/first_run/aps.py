"""The smallest program with APScheduler: one job, due at once."""

import os
import time
from datetime import UTC, datetime

from apscheduler.schedulers.background import (  # type: ignore[import-untyped, unused-ignore]
    BackgroundScheduler,
)


def task() -> None:
    print(time.time(), flush=True)
    os._exit(0)


scheduler = BackgroundScheduler(timezone=UTC)
scheduler.add_job(task, "interval", hours=1, next_run_time=datetime.now(UTC))
scheduler.start()
time.sleep(10)
