"""The smallest program that runs something from a heap on a pool."""

import heapq
import os
import time
from concurrent.futures import ThreadPoolExecutor


def task() -> None:
    print(time.time(), flush=True)
    os._exit(0)


heap = [(time.time(), 0, task)]
pool = ThreadPoolExecutor()
pool.submit(heapq.heappop(heap)[2])
time.sleep(10)
