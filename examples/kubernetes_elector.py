"""One of two instances leads, by a Lease as client-go has them; when it closes, the other one does. Needs a cluster."""

import threading
import time
from datetime import timedelta

import gocron_py as gocron
from gocron_py.distributed.kubernetes import KubernetesElector

name = f"report-{time.time_ns()}"  # an election of this run only, for the example; yours is "report"
second_leads = threading.Event()


def candidate(who: str) -> KubernetesElector:
    def changed(leads: bool) -> None:
        print(who, "leads" if leads else "leads no more")
        if leads and who == "second":
            second_leads.set()

    # In a pod, the pod's service account; elsewhere, the kubeconfig. For with_distributed_elector().
    # 15 s, 10 s and 2 s are what Kubernetes' own components have; a candidate here looks more often.
    return KubernetesElector(name=name, retry_period=timedelta(seconds=0.5), on_change=changed)


electors = {who: candidate(who) for who in ("first", "second")}
for who, elector in electors.items():
    try:
        elector.is_leader(gocron.context.background())  # the campaign begins with the first question
    except gocron.NotLeader:
        print(who, "follows")

electors["first"].close()  # it releases the Lease: nobody has to wait until it has run out
second_leads.wait(30)
electors["second"].close()

# Output:
# first leads
# second follows
# first leads no more
# second leads
# second leads no more
