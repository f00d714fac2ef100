"""A task asks which tick it runs, and hands its fence to a database, which refuses whoever comes with an older one."""

import sqlite3
from datetime import timedelta

import gocron_py as gocron
from gocron_py.distributed.memory import MemoryTickLocker
from gocron_py.testing import wait_for_runs

database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("CREATE TABLE report (id INTEGER PRIMARY KEY, text TEXT, fence INTEGER)")
database.execute("INSERT INTO report VALUES (1, '', 0)")
fences: list[int] = []


def write(text: str, fence: int) -> str:
    changed = database.execute("UPDATE report SET text = ?, fence = ? WHERE id = 1 AND fence < ?", (text, fence, fence))
    return "written" if changed.rowcount else "refused: a newer run was here"


def report() -> None:
    run = gocron.current_run()
    assert run.fence is not None  # it is None without a tick locker
    fences.append(run.fence)
    print(run.tick.job_name, run.tick.kind.value, f"attempt {run.attempt}", write("of the job", run.fence))


locker = MemoryTickLocker()
with gocron.new_scheduler(gocron.with_distributed_locker(locker)) as scheduler:
    job = scheduler.new_job(gocron.duration_job(timedelta(days=1)), gocron.new_task(report), gocron.with_name("report"))
    for _ in range(2):
        job.run_now()
        wait_for_runs(scheduler)
locker.close()
first, second = fences
print("the fence has grown:", first < second)
# The first run was stopped for a minute, say, and only now comes to its last line.
print("the first run once more:", write("of yesterday", first))

# Output:
# report manual attempt 1 written
# report manual attempt 1 written
# the fence has grown: True
# the first run once more: refused: a newer run was here
