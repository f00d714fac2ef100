"""What can be done: run now, pause, resume, remove."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from gocron_py.dashboard.problem import Problem
from gocron_py.errors import ErrJobNotFound, ErrJobRunNowFailed, GocronError

if TYPE_CHECKING:
    from gocron_py.job import Job
    from gocron_py.scheduler import Scheduler


def _run(scheduler: Scheduler, job: Job) -> None:
    if scheduler.leads() is False:
        raise Problem(HTTPStatus.CONFLICT, "This instance does not lead: the run would be skipped. Ask the leader.")
    job.run_now()


_DO: Final[dict[str, Callable[[Scheduler, Job], None]]] = {
    "run": _run,
    "pause": lambda scheduler, job: job.pause(),
    "resume": lambda scheduler, job: job.resume(),
    "remove": lambda scheduler, job: scheduler.remove_job(job.id()),
}


def change_job(scheduler: Scheduler, change: str, job: Job) -> None:
    """Do it.

    :raises Problem: it cannot be done, and why.
    """
    _do(lambda: _DO[change](scheduler, job))


def change_scheduler(scheduler: Scheduler, change: str) -> None:
    """Pause the scheduler, or have it go on.

    :raises Problem: it cannot be done, and why.
    """
    _do(scheduler.pause if change == "pause" else scheduler.resume)


def _do(call: Callable[[], object]) -> None:
    try:
        call()
    except ErrJobNotFound:
        raise Problem.not_found("There is no such job any more.") from None
    except ErrJobRunNowFailed as error:
        raise Problem(HTTPStatus.CONFLICT, f"It cannot run now: {'; '.join(_notes(error))}.") from None
    except GocronError as error:
        raise Problem(HTTPStatus.CONFLICT, "; ".join([str(error), *_notes(error)])) from error


def _notes(error: Exception) -> list[str]:
    return list(getattr(error, "__notes__", []))
