"""Three processes of one machine start each tick once: they share a SQLite file, and need no server."""

import multiprocessing
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import gocron_py as gocron
from gocron_py.distributed.sqlite import SQLiteTickLocker

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Event

    Ticks = SimpleQueue[datetime]


def work(ticks: "Ticks") -> None:
    ticks.put(gocron.current_run().tick.at)


def serve(file: Path, ticks: "Ticks", end: "Event") -> None:
    """What each process does, gunicorn's workers for example."""
    locker = SQLiteTickLocker(file, start_deadline=timedelta(seconds=30))
    with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
        every_second = gocron.duration_job(timedelta(seconds=1))
        scheduler.new_job(every_second, gocron.new_task(work, ticks), gocron.with_name("work"))
        end.wait()
    locker.close()


def main() -> None:
    spawn = multiprocessing.get_context("spawn")
    ticks: Ticks = spawn.SimpleQueue()
    end = spawn.Event()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "jobs.db"
        processes = [spawn.Process(target=serve, args=(file, ticks, end)) for _ in range(3)]
        for process in processes:
            process.start()
        ran = [ticks.get() for _ in range(3)]
        end.set()
        for process in processes:
            process.join()
    while not ticks.empty():
        ran.append(ticks.get())
    print("no tick twice:", len(set(ran)) == len(ran))
    print("whole seconds:", all(tick.microsecond == 0 for tick in ran))


if __name__ == "__main__":
    main()

# Output:
# no tick twice: True
# whole seconds: True
