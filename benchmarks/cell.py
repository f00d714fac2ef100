"""One measurement of one peer, in a process of its own: ``python -m benchmarks.cell '{"kind": "load", …}'``.

Prints one line of JSON and ends at once, whatever the peer's threads are doing.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

from benchmarks.peers import Peer, peer_class
from benchmarks.workload import INTERVAL, Load, Recorder

HOUR = 3_600.0


def cpu_seconds() -> float:
    """User and system time of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_bytes() -> int:
    """The memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def sleep_until(timestamp: float) -> None:
    """Sleep to a time of the wall clock."""
    time.sleep(max(0.0, timestamp - time.time()))


def measure_load(make: type[Peer], spec: dict[str, Any]) -> dict[str, float]:
    """CPU time over the measured seconds; the runs go to the file that the spec names."""
    load = Load(spec["rate"], spec["seconds"], spec["warm_up"], spec["drain"])
    recorder, first = _start_load(make, load)
    sleep_until(first + load.warm_up)
    cpu, begin = cpu_seconds(), time.time()
    sleep_until(first + load.ticks)
    cpu, end = cpu_seconds() - cpu, time.time()
    sleep_until(first + load.ticks + load.drain)
    recorder.save(Path(spec["file"]))
    return {"first": first, "cpu_seconds": cpu, "wall_seconds": end - begin}


def _start_load(make: type[Peer], load: Load) -> tuple[Recorder, float]:
    """A started peer, and when its first job is due. One that is too slow to set up gets more time, from anew."""
    allowance = 0.5 + load.rate * 50e-6
    for _ in range(4):
        recorder = Recorder(load.capacity)
        task = recorder.task()
        peer = make()
        begin = time.time()
        first = begin + allowance
        for job in range(load.rate):
            peer.add(task, job, INTERVAL, first + job * INTERVAL / load.rate)
        gc.collect()
        peer.start()
        took = time.time() - begin
        if took < allowance - 0.2:
            return recorder, first
        peer.stop()
        allowance = 0.5 + 2 * took
    raise RuntimeError(f"{load.rate} jobs could not be set up in time")


def measure_add(make: type[Peer], spec: dict[str, Any]) -> dict[str, float]:
    """Microseconds for adding a job, as a mean of all adds from one number of jobs held to the next.

    All, as the last few would be a matter of luck: the garbage collector goes through everything each time there is a
    quarter more of it, which does or does not fall on them. Where the scheduler was not started: also what starting it
    then costs for each job.
    """
    peer = make()
    if spec["started"]:
        peer.start()
    result: dict[str, float] = {}
    held = 0
    gc.collect()
    for mark in spec["marks"]:
        begin = time.perf_counter()
        _add_jobs(peer, spec["crontab"], held, mark)
        result[f"us_{mark}"] = (time.perf_counter() - begin) / (mark - held) * 1e6
        held = mark
    if not spec["started"]:
        begin = time.perf_counter()
        peer.start()
        result["start_us"] = (time.perf_counter() - begin) / held * 1e6
    return result


def _add_jobs(peer: Peer, crontab: str | None, begin: int, end: int) -> None:
    if crontab is None:
        for number in range(begin, end):
            peer.add(_nothing, number, HOUR, None)
    else:
        for number in range(begin, end):
            peer.add_cron(_nothing, number, crontab)


def measure_memory(make: type[Peer], spec: dict[str, Any]) -> dict[str, float]:
    """Bytes for each job held by a started scheduler: of the process, or as the allocator was asked."""
    peer = make()
    peer.start()
    for number in range(100):  # what is made once is not counted
        peer.add(_nothing, number, HOUR, None)
    gc.collect()
    if spec["traced"]:
        tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0] if spec["traced"] else resident_bytes()
    for number in range(spec["jobs"]):
        peer.add(_nothing, number, HOUR, None)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0] if spec["traced"] else resident_bytes()
    return {"bytes": (after - before) / spec["jobs"]}


def measure_idle(make: type[Peer], spec: dict[str, Any]) -> dict[str, float]:
    """The share of one core, in per cent, that jobs cost which are not due."""
    peer = make()
    for number in range(spec["jobs"]):
        peer.add(_nothing, number, HOUR, None)
    peer.start()
    time.sleep(spec["settle"])
    cpu, begin = cpu_seconds(), time.perf_counter()
    time.sleep(spec["seconds"])
    return {"percent": (cpu_seconds() - cpu) / (time.perf_counter() - begin) * 100}


def measure_sleepers(make: type[Peer], spec: dict[str, Any]) -> dict[str, float]:
    """Seconds from the due time until the last of the jobs that sleep a second has ended."""
    peer = make(spec["workers"])
    ended: list[float] = []

    def sleeper(_: int) -> None:
        time.sleep(1)
        ended.append(time.time())

    due = time.time() + 1
    for number in range(spec["jobs"]):
        peer.add(sleeper, number, HOUR, due)
    peer.start()
    if time.time() > due:
        raise RuntimeError("not set up in time")
    while len(ended) < spec["jobs"]:
        time.sleep(0.01)
    return {"seconds": max(ended) - due}


def _nothing(_: int) -> None:
    """A task that never runs."""


MEASURES = {
    "load": measure_load,
    "add": measure_add,
    "memory": measure_memory,
    "idle": measure_idle,
    "sleepers": measure_sleepers,
}


def main() -> None:
    """Measure, print, end."""
    spec = json.loads(sys.argv[1])
    result = MEASURES[spec["kind"]](peer_class(spec["peer"]), spec)
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
