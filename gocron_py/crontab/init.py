"""The first process of a container: it passes signals on and reaps whatever is left behind.

A process that loses its parent becomes the first one's child, and stays a zombie until that waits for it. Who waits
for any child takes the exit codes away from those who wait for their own. So the first process does nothing else, and
the work is done by its child.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36

_PASSED_ON: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def with_init(work: Callable[[], int]) -> int:
    """Do *work* in a child process, and be its init meanwhile. To be called before there are threads.

    Also where this is not the first process: orphans below it then become its children.

    :return: what *work* gives, in the child too; 128 and the signal's number if one has ended it.
    """
    watched = (*_PASSED_ON, signal.SIGCHLD)
    former = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    sys.stdout.flush()
    sys.stderr.flush()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
        return 143 if os.getppid() != parent else work()
    while True:
        number = signal.sigwait(watched)
        if number != signal.SIGCHLD:
            os.kill(child, number)
        elif (code := _reap(child)) is not None:
            return code


def _reap(child: int) -> int | None:
    """Wait for all that have ended; the exit code if *child* is one of them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            code = 128 - code if code < 0 else code


def _prctl(option: int, value: int) -> None:
    """Linux alone has it; elsewhere orphans go to the system's init."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
