"""The smallest program with schedule: one job, due at once."""

import os
import time

import schedule  # type: ignore[import-not-found, unused-ignore]


def task() -> None:
    print(time.time(), flush=True)
    os._exit(0)


schedule.every().hour.do(task)
schedule.run_all()
