"""Finds a user's scheduler by ``module:attribute``."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from operator import attrgetter

from gocron_py.cli.output import fail, refuse
from gocron_py.scheduler import Scheduler


def load_scheduler(target: str) -> Scheduler:
    """The scheduler, or what the function gives that *target* names. Ends the command if there is none."""
    module_name, colon, attribute = target.partition(":")
    if not colon or not module_name or not attribute:
        refuse(f"{target!r} must be of the form module:scheduler, such as myapp.jobs:scheduler")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = import_module(module_name)
    except Exception as error:
        fail(f"{module_name} cannot be imported: {_where(error)}")
    try:
        found = attrgetter(attribute)(module)
    except AttributeError:
        fail(f"{module_name} has no {attribute}")
    if not isinstance(found, Scheduler) and callable(found):
        try:
            found = found()
        except Exception as error:
            fail(f"{target}() failed: {_where(error)}")
    if not isinstance(found, Scheduler):
        fail(f"{target} is no scheduler and gives none, but an object of type {type(found).__name__}")
    return found


def _where(error: Exception) -> str:
    """What happened and where, on one line."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    own = [frame for frame in frames if f"{os.sep}gocron_py{os.sep}cli{os.sep}" not in frame.filename]
    place = f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"
