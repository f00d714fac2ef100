"""The end of the process. Schedulers that nobody shut down are, once, and it never takes for ever.

The threads of this library are daemons, which the interpreter does not join: it joins all others
first, so a scheduler lives as long as a non-daemon thread of the program does; then this hook stops
what still runs, gently, for at most the stop time-out; then the process ends, whatever a job does.
"""

from __future__ import annotations

import atexit
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gocron_py.scheduler import Scheduler

_started: weakref.WeakSet[Scheduler] = weakref.WeakSet()


def end_with_process(scheduler: Scheduler) -> None:
    """Shut *scheduler* down at exit, if it was not by then."""
    _started.add(scheduler)


@atexit.register
def _end() -> None:
    began = time.monotonic()
    schedulers = [scheduler for scheduler in list(_started) if scheduler._needs_end()]
    # All are told before the first is waited for: their time-outs run at the same time.
    for scheduler in schedulers:
        scheduler._halt()
    for scheduler in schedulers:
        scheduler._end(began)
