"""A service: it runs until Ctrl-C or SIGTERM comes, lets what is running end, and ends itself."""

import os
import signal
from datetime import timedelta

import gocron_py as gocron


def terminate() -> None:
    print("somebody sends SIGTERM")
    os.kill(os.getpid(), signal.SIGTERM)


def serve(ctx: gocron.Context) -> None:
    ctx.wait()
    print("tidied up")


scheduler = gocron.new_scheduler(gocron.with_stop_timeout(timedelta(seconds=30)))
immediately = gocron.one_time_job(gocron.one_time_job_start_immediately())
scheduler.new_job(immediately, gocron.new_task(serve))
scheduler.new_job(gocron.duration_job(timedelta(seconds=0.1)), gocron.new_task(terminate), gocron.with_limited_runs(1))

received = scheduler.run_until_signal()
print("ended by", received.name if received else "shutdown()")

# Output:
# somebody sends SIGTERM
# tidied up
# ended by SIGTERM
