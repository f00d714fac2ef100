"""Two instances that share a namespace of Kubernetes start together, and one of them runs the job. Needs a cluster."""

import threading
import time
from datetime import timedelta

import gocron_py as gocron
from gocron_py.distributed.kubernetes import KubernetesTickLocker

runs = []
has_run = threading.Event()
refused = threading.Event()


def report() -> None:
    runs.append(gocron.current_run().tick.at)
    has_run.set()


def instance() -> tuple[gocron.Scheduler, KubernetesTickLocker]:
    # In a pod, the pod's service account; elsewhere, the kubeconfig. A client of your own is as good.
    locker = KubernetesTickLocker()
    scheduler = gocron.new_scheduler(gocron.with_distributed_locker(locker))
    scheduler.new_job(
        gocron.duration_job(timedelta(hours=1)),
        gocron.new_task(report),
        # The name is the job's key: it has to stay the same from one version of the program to the next.
        gocron.with_name(name),
        gocron.with_start_at(gocron.with_start_immediately()),
        gocron.with_event_listeners(gocron.after_lock_error(lambda job_id, job_name, error: refused.set())),
    )
    return scheduler, locker


name = f"report {time.time_ns()}"  # a name of this run only, for the example; yours is "report"
instances = [instance() for _ in range(2)]
for scheduler, _ in instances:
    scheduler.start()
print("one has run it:", has_run.wait(30))
print("the other was told that it is taken:", refused.wait(30))
for scheduler, locker in instances:
    scheduler.shutdown()
    locker.close()
print("runs:", len(runs))

# A job of five seconds is refused: each tick is a write to the cluster's etcd.
try:
    gocron.new_scheduler(gocron.with_distributed_locker(KubernetesTickLocker())).new_job(
        gocron.duration_job(timedelta(seconds=5)), gocron.new_task(report)
    )
except gocron.ErrInvalidArgument as error:
    print(error)

# Output:
# one has run it: True
# the other was told that it is taken: True
# runs: 1
# gocron: invalid argument
# the store is for ticks that are 10 s apart or more; these are 5 s
