"""The dashboard of an application's scheduler, whichever process it is asked in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, final

from gocron_py.dashboard import Dashboard, app
from gocron_py.integrations.declared import ProcessScheduler
from gocron_py.scheduler import Scheduler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse


@final
class ProcessDashboard:
    """A WSGI application. Where the server loads it once and forks, each process shows its own scheduler.

    :param options: of :func:`gocron_py.dashboard.app`.
    """

    def __init__(self, jobs: ProcessScheduler, **options: Any) -> None:
        self._jobs = jobs
        self._options = options
        # What is wrong with the options is told here.
        self._made: tuple[Scheduler, Dashboard] = self._make(jobs.scheduler)

    def _make(self, scheduler: Scheduler) -> tuple[Scheduler, Dashboard]:
        return scheduler, app(scheduler, **self._options)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        scheduler = self._jobs.scheduler
        made = self._made
        if made[0] is not scheduler:
            made = self._made = self._make(scheduler)
        return made[1](environ, start_response)
