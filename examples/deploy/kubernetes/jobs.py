"""The program of the pods in deployment.yaml: one job, started once each minute, on whichever pod."""

from datetime import timedelta

import gocron_py as gocron
from gocron_py.distributed.kubernetes import KubernetesTickLocker


def report() -> None:
    print("report of", gocron.current_run().tick.at, flush=True)


# In a pod there is nothing to say: the API server, the token and the namespace are the service account's.
locker = KubernetesTickLocker(on_crash="rerun")
scheduler = gocron.new_scheduler(
    gocron.with_distributed_locker(locker),
    # Shorter than the pod's terminationGracePeriodSeconds.
    gocron.with_stop_timeout(timedelta(seconds=50)),
)
scheduler.new_job(gocron.cron_job("* * * * *"), gocron.new_task(report), gocron.with_name("report"))
scheduler.run_until_signal()
locker.close()
