"""Processes that share a store see one another, and one that was killed is known to be dead."""

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker


def serve(file: Path, label: str) -> None:
    """What each process does."""
    locker = SQLiteTickLocker(file)
    locker.label = label
    with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        scheduler.new_job(gocron.duration_job(timedelta(hours=1)), gocron.new_task(print), gocron.with_name("report"))
        time.sleep(600)


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(3000):
        if is_so():
            return
        time.sleep(0.01)
    raise TimeoutError


def main() -> None:
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "jobs.db"
        processes = [spawn.Process(target=serve, args=(file, label), daemon=True) for label in ("web", "worker")]
        for process in processes:
            process.start()
        # This process runs no jobs; it only looks, as a dashboard may.
        locker = SQLiteTickLocker(file)
        until(lambda: len(locker.instances()) == 2)
        processes[0].kill()
        processes[0].join()
        for each in sorted(locker.instances(), key=lambda each: each.label):
            print(each.label, "is alive" if each.alive else "is dead")
        print("the store answers:", locker.health().reachable)
        processes[1].kill()
        processes[1].join()
        locker.close()


if __name__ == "__main__":
    main()

# Output:
# web is dead
# worker is alive
# the store answers: True
