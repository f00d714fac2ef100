"""Whether this process serves requests, and when it begins to.

A web application is imported by much that does not serve it: management commands, the parents of reloaders, masters
that load it once and fork, tests. Who imports is on the stack, and nowhere else: so the modules of the frames are
looked at, of the servers that are named here. Each of them has its moment when the application is loaded: a scheduler
that starts earlier would run jobs in an application that is half set up.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from enum import Enum
from types import FrameType
from typing import Any

from gocron_py.errors import ErrInvalidArgument

Begin = Callable[[], None]

# Servers that load the application in the process that serves. Those of the frameworks themselves are their own matter.
_SERVERS = ("uvicorn", "hypercorn", "daphne", "granian", "waitress", "cheroot")

# How often, in seconds, it is looked whether an application is loaded.
_LOOK = 0.02

_logger = logging.getLogger("gocron_py")


class Role(Enum):
    """What this process is, as far as can be told while the application is loaded."""

    SERVER = "server"
    """It serves. *begin* is called as soon as the application is loaded."""
    MASTER = "master"
    """It will fork those that serve. *begin* is called in each of them."""
    BYSTANDER = "bystander"
    """A command, or the parent of a reloader: *begin* is never called."""
    UNKNOWN = "unknown"
    """A script, a test, a server that is not known here. *begin* is not called."""


def begin_when_serving(begin: Begin, own: Callable[[], tuple[Role, str]]) -> Role:
    """Have *begin* called once in each process that serves, when the application is loaded there.

    To be called while the application is being loaded.

    :param begin: is called on any thread; what it raises is logged.
    :param own: asked if it is neither gunicorn nor uWSGI: what the framework's own commands know of this
        process, and the name of the module whose frame is loading the application.
    :raises ErrInvalidArgument: uWSGI runs without threads.
    """
    begin = logging_errors(begin)
    stack = _stack()
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and hasattr(uwsgi, "worker_id"):
        return _under_uwsgi(uwsgi, begin, stack)
    if any(_is_of(frame, "gunicorn") for frame in stack):
        return _under_gunicorn(begin, stack)
    role, loader = own()
    if role is Role.UNKNOWN and any(_is_of(frame, *_SERVERS) for frame in stack):
        role, loader = Role.SERVER, ""
    if role is Role.SERVER:
        _when_over(next(frame for frame in stack if _is_of(frame, *([loader] if loader else _SERVERS))), begin)
    return role


def is_loaded_by(package: str) -> bool:
    """Whether code of a package, or of one in it, is what loads the application."""
    return any(_is_of(frame, package) for frame in _stack())


def several_workers() -> bool:
    """Whether the server of this process has said that it is one of several."""
    return _workers > 1 or getattr(sys.modules.get("uwsgi"), "numproc", 1) > 1


_workers = 1


def logging_errors(begin: Begin) -> Begin:
    """What *begin* raises is logged: the application serves nevertheless."""

    def call() -> None:
        try:
            begin()
        except Exception:
            _logger.exception("gocron: the scheduler could not be started")

    return call


def _stack() -> list[FrameType]:
    """The frames of the caller, the innermost first."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _is_of(frame: FrameType, *packages: str) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# -- an application that is being loaded here -----------------------------------------------------------------


def _when_over(loader: FrameType, begin: Begin) -> None:
    """Call *begin* when the frame has gone on from the call that it is in; never, if that call raises through it."""
    position, loading = loader.f_lasti, threading.get_ident()

    def wait() -> None:
        while loader.f_lasti == position:
            if not _is_on_stack(loader, loading):
                if loader.f_lasti != position:
                    break
                return
            time.sleep(_LOOK)
        begin()

    threading.Thread(target=wait, name="gocron-starter", daemon=True).start()


def _is_on_stack(wanted: FrameType, thread: int) -> bool:
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if frame is wanted:
            return True
        frame = frame.f_back
    return False


# -- gunicorn -------------------------------------------------------------------------------------------------

_to_begin_in_workers: list[Begin] = []


def _under_gunicorn(begin: Begin, stack: list[FrameType]) -> Role:
    for frame in stack:
        worker = frame.f_locals.get("self") if _is_of(frame, "gunicorn.workers") else None
        if _is_worker(worker):
            _before_run(worker, [begin])
            return Role.SERVER
    _to_begin_in_workers.append(begin)
    return Role.MASTER


def _in_child() -> None:
    """In a fork. Those that the arbiter makes are workers; those that an application makes are its own matter."""
    caller = sys._getframe(1)
    if not _to_begin_in_workers or not _is_of(caller, "gunicorn.arbiter"):
        return
    worker = caller.f_locals.get("worker")
    if _is_worker(worker):
        _before_run(worker, _to_begin_in_workers)


os.register_at_fork(after_in_child=_in_child)


def _is_worker(worker: Any) -> bool:
    return hasattr(worker, "init_process") and hasattr(worker, "run")


def _before_run(worker: Any, begins: list[Begin]) -> None:
    """``run`` is the loop of a worker. It is entered when all is set up: its user, the application, the hooks."""
    global _workers
    _workers = getattr(getattr(worker, "cfg", None), "workers", 1)
    run = worker.run

    def begin_and_run() -> None:
        for begin in begins:
            begin()
        run()

    worker.run = begin_and_run


# -- uWSGI ----------------------------------------------------------------------------------------------------


def _under_uwsgi(uwsgi: Any, begin: Begin, stack: list[FrameType]) -> Role:
    if not any(uwsgi.opt.get(name) not in (None, False, b"false", b"0") for name in ("enable-threads", "threads")):
        raise ErrInvalidArgument(
            "uWSGI runs Python without threads here, and a scheduler is one: give uWSGI the option enable-threads"
        )
    begin = _without_signals(begin)
    if uwsgi.worker_id():  # lazy-apps: this is a worker
        # Outermost is the script that started pyuwsgi, where that is what runs.
        loaders = [frame for frame in stack if not _is_of(frame, "__main__")]
        _when_over(loaders[-1], begin)
        return Role.SERVER

    def in_worker() -> None:
        if uwsgi.worker_id():  # not in mules and spoolers
            begin()

    _after_uwsgi_fork(uwsgi, in_worker)
    return Role.MASTER


def _without_signals(begin: Begin) -> Begin:
    """Threads that are started inside get no signals.

    uWSGI's handlers work on the thread that the signal comes to. Where a worker gets two, one sent to its group and
    one from its master, and the second came to one of ours, it was seen never to end.
    """

    def call() -> None:
        former = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            begin()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)

    return call


def _after_uwsgi_fork(uwsgi: Any, hook: Begin) -> None:
    """uWSGI knows one hook. Its decorators, which take no effect without a master, keep a list behind it."""
    if uwsgi.masterpid():
        importlib.import_module("uwsgidecorators").postfork(hook)
        return
    former = getattr(uwsgi, "post_fork_hook", None)

    def chain() -> None:
        if former is not None:
            former()
        hook()

    uwsgi.post_fork_hook = chain
