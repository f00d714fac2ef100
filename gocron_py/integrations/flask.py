"""Jobs of a Flask application, in the processes that serve it.

::

    app = Flask(__name__)
    app.config["GOCRON_LOCKER"] = "/var/lib/shop/jobs.db"
    gocron = GoCron(app)

    @gocron.job(cron_job("0 3 * * *"), name="nightly")
    def nightly():
        ...  # in the application's context

See the page "I use Flask". Needs Flask: ``pip install gocron_py[flask]``.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, final

import click
from flask import Flask, current_app, has_app_context, request
from flask.cli import FlaskGroup
from flask.helpers import get_debug_flag

from gocron_py.definitions import JobDefinition
from gocron_py.errors import ErrInvalidArgument, check_kind
from gocron_py.integrations import serving
from gocron_py.integrations.declared import Declaration, ProcessScheduler, warn_without_locker
from gocron_py.integrations.flask_commands import commands
from gocron_py.integrations.page import ProcessDashboard
from gocron_py.integrations.serving import Role
from gocron_py.integrations.settings import KEYS, check_keys, scheduler_options
from gocron_py.job import Job
from gocron_py.job_options import JobOption, with_name, with_surroundings
from gocron_py.option_names import check_option
from gocron_py.options import SchedulerOption, with_global_job_options
from gocron_py.scheduler import Scheduler, new_scheduler
from gocron_py.task import Task, new_task

__all__ = ("GoCron",)

F = TypeVar("F", bound=Callable[..., object])

PREFIX = "GOCRON_"
EXTENSION = "gocron"


@final
class GoCron:
    """The extension: a scheduler for a Flask application, one in each process that serves it.

    :param app: the application; or :meth:`init_app` is given it later.
    :param options: of the scheduler, before those of the configuration.
    :raises ErrInvalidArgument: the configuration has an unknown or impossible ``GOCRON_…``.

    The configuration is read by :meth:`init_app`:

    ======================= ====================================================================================
    ``GOCRON_LOCKER``       a locker, the path of a SQLite file, or a URL. Default: none, and every process runs
                            every job.
    ``GOCRON_POLICY``       a dict: the fields of a :class:`~gocron_py.TickPolicy`, for a path or URL
    ``GOCRON_LOCATION``     the zone: its name, or a tzinfo. Default: the machine's
    ``GOCRON_STOP_TIMEOUT`` seconds that running jobs have at the end of the process. Default: 10
    ``GOCRON_OPTIONS``      a list of more options of :func:`~gocron_py.new_scheduler`
    ``GOCRON_AUTOSTART``    ``False``: only :meth:`start` starts it. Default: ``True``
    ======================= ====================================================================================
    """

    def __init__(self, app: Flask | None = None, *options: SchedulerOption) -> None:
        for option in options:
            check_option(option, SchedulerOption, "a scheduler option")
        self._options = options
        self._declared: list[Declaration] = []
        # An application has its scheduler, not the other way round: tests make many of them.
        self._apps: list[weakref.ref[Flask]] = []
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Give *app* its scheduler, with all jobs that are declared; see to it that it starts where *app* is served.

        :raises ErrInvalidArgument: the configuration has an unknown or impossible ``GOCRON_…``; *app* has a scheduler.
        """
        check_kind(app, Flask, "app")
        if EXTENSION in app.extensions:
            raise ErrInvalidArgument("the application has a scheduler already")
        settings = {key.removeprefix(PREFIX): value for key, value in app.config.items() if key.startswith(PREFIX)}
        check_keys(settings, KEYS, PREFIX)
        given = scheduler_options(settings, PREFIX)
        if not isinstance(settings.get("AUTOSTART", True), bool):
            raise ErrInvalidArgument("GOCRON_AUTOSTART must be True or False", got=settings["AUTOSTART"])
        around = with_global_job_options(with_surroundings(app.app_context))
        jobs = ProcessScheduler(lambda: new_scheduler(around, *self._options, *given))
        for definition, task, options in self._declared:
            jobs.declare(definition, task, *options)
        self._apps.append(weakref.ref(app))
        app.extensions[EXTENSION] = jobs
        app.cli.add_command(commands(jobs))
        if settings.get("AUTOSTART", True):
            _start_when_serving(app, jobs)

    # -- jobs --------------------------------------------------------------------------------------

    def new_job(self, definition: JobDefinition, task: Task, *options: JobOption) -> Job | None:
        """Add a job, as :meth:`Scheduler.new_job <gocron_py.Scheduler.new_job>`; it runs inside the app's context.

        :return: its handle; ``None``, before :meth:`init_app`.
        :raises ValidationError: something of the definition, the task or the options is wrong.
        """
        applications = self._applications()
        if not applications:
            # Its faults are told where it is written, not where an application is made later.
            new_scheduler(*self._options).new_job(definition, task, *options)
        handles = [_jobs_of(app).declare(definition, task, *options) for app in applications]
        self._declared.append((definition, task, options))
        return handles[-1] if handles else None

    def job(self, definition: JobDefinition, *options: JobOption, name: str | None = None) -> Callable[[F], F]:
        """A decorator: the function is a job. It stays what it is, and can be called.

        :param name: the key that the processes share. Default: the module and qualified name of the function,
            which are others when the module is moved, or run as a script.
        :raises ValidationError: as :meth:`new_job`.
        """
        check_kind(definition, JobDefinition, "the definition, as in @gocron.job(cron_job(…)),")

        def declare(function: F) -> F:
            named = () if name is None else (with_name(name),)
            task: Task = new_task(function)
            self.new_job(definition, task, *named, *options)
            return function

        return declare

    # -- the scheduler -----------------------------------------------------------------------------

    @property
    def scheduler(self) -> Scheduler:
        """The scheduler of the current application in this process; without one, of the last that was given.

        Jobs that are added to it directly are of this process only.

        :raises RuntimeError: no application was given to :meth:`init_app`.
        """
        return self._jobs().scheduler

    def start(self) -> None:
        """Start it in this process, where that does not happen by itself; once."""
        _start(self._jobs())

    def dashboard(self, **options: Any) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
        """The page to look at, as a WSGI application to be mounted; it shows the process that answers.

        ::

            app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/jobs": gocron.dashboard()})

        :param options: of :func:`gocron_py.dashboard.app`. Without ``authorize`` everybody who reaches it may read.
        :raises ErrInvalidArgument: an option is impossible.
        :raises RuntimeError: no application was given to :meth:`init_app`.
        """
        return ProcessDashboard(self._jobs(), **options)

    def _jobs(self) -> ProcessScheduler:
        applications = self._applications()
        if has_app_context() and current_app._get_current_object() in applications:  # type: ignore[attr-defined]
            return _jobs_of(current_app)
        if not applications:
            raise RuntimeError("gocron: no application was given to init_app")
        return _jobs_of(applications[-1])

    def _applications(self) -> list[Flask]:
        return [app for reference in self._apps if (app := reference()) is not None]


def _jobs_of(app: Flask) -> ProcessScheduler:
    jobs: ProcessScheduler = app.extensions[EXTENSION]
    return jobs


def _start_when_serving(app: Flask, jobs: ProcessScheduler) -> None:
    def begin() -> None:
        _start(jobs)

    role = serving.begin_when_serving(begin, _own_command)
    if role is not Role.UNKNOWN:
        return
    run = app.run

    def run_with_jobs(*args: Any, **kwargs: Any) -> None:
        if not _is_reloaders_parent(_uses_reloader(app, args, kwargs)):
            begin()
        run(*args, **kwargs)

    def begin_with_first_request() -> None:
        if not (app.testing or _is_of_a_test(request.environ)):
            begin()

    app.run = run_with_jobs  # type: ignore[method-assign]
    app.before_request(begin_with_first_request)


def _is_of_a_test(environ: Mapping[str, object]) -> bool:
    """Whether a request is of a test client: nothing else tells it from one that came over a network."""
    return str(environ.get("HTTP_USER_AGENT")).startswith("Werkzeug/") and "SERVER_SOFTWARE" not in environ


def _start(jobs: ProcessScheduler) -> None:
    if jobs.start() and serving.several_workers():
        warn_without_locker(jobs.scheduler, "GOCRON_LOCKER")


def _own_command() -> tuple[Role, str]:
    """What Flask's command line knows of this process."""
    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.find_root().command, FlaskGroup):
        return Role.UNKNOWN, ""
    reload = context.params.get("reload")
    if context.command.name != "run" or _is_reloaders_parent(get_debug_flag() if reload is None else bool(reload)):
        return Role.BYSTANDER, ""
    return Role.SERVER, "flask.cli"


def _is_reloaders_parent(uses_reloader: bool) -> bool:
    return uses_reloader and os.environ.get("WERKZEUG_RUN_MAIN") != "true"


def _uses_reloader(app: Flask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """As ``Flask.run(host, port, debug, load_dotenv, **options)`` decides it."""
    debug = kwargs.get("debug", args[2] if len(args) > 2 else None)
    if debug is None:
        debug = get_debug_flag() if "FLASK_DEBUG" in os.environ else app.debug
    return bool(kwargs.get("use_reloader", debug))
