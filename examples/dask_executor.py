"""The work runs on a Dask cluster; schedule, claims, listeners and limits stay here."""

import logging
import os
from queue import SimpleQueue
from uuid import UUID

import dask
from distributed import Client, LocalCluster

import gocron_py as gocron
from gocron_py.distributed.memory import MemoryTickLocker


def compute(parent: int) -> None:
    run = gocron.current_run()  # tick, attempt and fence; the context does not cross
    print("in a process of the cluster:", os.getpid() != parent, flush=True)
    print("under a claim:", run.fence is not None, flush=True)


def die() -> None:
    os._exit(1)


def main() -> None:
    ended: SimpleQueue[str] = SimpleQueue()

    def succeeded(job_id: UUID, job_name: str) -> None:
        ended.put(f"{job_name} has run")

    def failed(job_id: UUID, job_name: str, error: Exception) -> None:
        ended.put(f"{job_name} has failed: {type(error).__name__}")

    # Else Dask begins a call again, up to three times, if its worker is lost; the scheduler's process is told.
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    locker = MemoryTickLocker()  # SQLiteTickLocker(…) or any other
    with (
        LocalCluster(
            n_workers=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
        ) as cluster,
        Client(cluster) as client,  # of a real one: Client("tcp://scheduler:8786")
        gocron.new_scheduler(
            gocron.with_executor(client.get_executor()),
            gocron.with_distributed_locker(locker),
            gocron.with_global_job_options(
                gocron.with_event_listeners(gocron.after_job_runs(succeeded), gocron.after_job_runs_with_error(failed))
            ),
        ) as scheduler,
    ):
        nightly = gocron.cron_job("0 3 * * *")
        good = scheduler.new_job(nightly, gocron.new_task(compute, os.getpid()), gocron.with_name("report"))
        bad = scheduler.new_job(nightly, gocron.new_task(die), gocron.with_name("crash"))
        for job in good, bad, good:
            job.run_now()
            print(ended.get(), flush=True)  # in order with what the workers print
    locker.close()


if __name__ == "__main__":
    main()

# Output:
# in a process of the cluster: True
# under a claim: True
# report has run
# crash has failed: KilledWorker
# in a process of the cluster: True
# under a claim: True
# report has run
