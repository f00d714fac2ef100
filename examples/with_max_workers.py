"""So many threads at most run jobs; what is due beyond that waits for a thread."""

import threading
from queue import SimpleQueue

import gocron_py as gocron

threads: SimpleQueue[int] = SimpleQueue()


def work() -> None:
    threads.put(threading.get_ident())


with gocron.new_scheduler(gocron.with_max_workers(1)) as scheduler:
    for _ in range(10):
        scheduler.new_job(gocron.one_time_job(gocron.one_time_job_start_immediately()), gocron.new_task(work))
    print("ten runs on", len({threads.get() for _ in range(10)}), "thread")

# Output:
# ten runs on 1 thread
