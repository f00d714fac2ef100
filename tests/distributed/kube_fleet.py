"""The tick locker of fleets of processes on Kubernetes, made of a text."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from gocron_py.distributed.kubernetes import KubernetesTickLocker
from tests.distributed.kube_tools import client_at


def tick_locker(at: str, **how: Any) -> KubernetesTickLocker:
    """*at* is JSON: the arguments of ``client_at``, and the namespace.

    The store is as for jobs of ten seconds, but the test has no time: it does not refuse faster ones.
    """
    *where, namespace = json.loads(at)
    locker = KubernetesTickLocker(client_at(*where), namespace=namespace, **how)
    locker.store.shortest_interval = timedelta(0)
    return locker
