"""The main thread waits until a job shuts the scheduler down."""

from datetime import timedelta
from itertools import count

import gocron_py as gocron

steps = count(1)
scheduler = gocron.new_scheduler()


def work() -> None:
    step = next(steps)
    print("step", step)
    if step == 3:
        scheduler.shutdown()  # does not wait for the run that calls


scheduler.new_job(
    gocron.duration_job(timedelta(seconds=0.05)),
    gocron.new_task(work),
    gocron.with_singleton_mode(gocron.LimitMode.RESCHEDULE),
)
scheduler.start()
print("shut down:", scheduler.wait(timeout=30))

# Output:
# step 1
# step 2
# step 3
# shut down: True
