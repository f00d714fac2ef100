"""The WSGI application: which request gets which answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, final
from uuid import UUID

from gocron_py.dashboard import assets, pages
from gocron_py.dashboard.actions import change_job, change_scheduler
from gocron_py.dashboard.answers import Answers
from gocron_py.dashboard.documents import Document
from gocron_py.dashboard.formats import Formats
from gocron_py.dashboard.messages import Environ, Request, Response, json_response, problem_document
from gocron_py.dashboard.pages.layout import View
from gocron_py.dashboard.problem import Problem
from gocron_py.dashboard.queries import EventQuery, JobQuery
from gocron_py.dashboard.security import CHANGES, HEADERS, NO_STORE, Authorize, Guard
from gocron_py.dashboard.snapshot import Observer
from gocron_py.errors import ErrInvalidArgument, ErrSchedulerForked, check_kind
from gocron_py.instant import datetime_of
from gocron_py.scheduler import Scheduler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

    from gocron_py.job import Job

_ID: Final = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"


@final
class Dashboard:
    """A scheduler's dashboard, as a WSGI application; made by :func:`~gocron_py.dashboard.app`."""

    def __init__(
        self,
        scheduler: Scheduler,
        title: str,
        actions: bool,
        authorize: Authorize | None,
        hosts: Collection[str] | None,
        late_after: timedelta,
    ) -> None:
        self._scheduler = scheduler
        self._title = title
        self._guard = Guard(authorize, actions, hosts, scheduler._report)
        self._observer = Observer(scheduler, late_after)
        self._answers = Answers(self._observer)
        self._routes: list[tuple[re.Pattern[str], str, Callable[..., Response]]] = [
            (re.compile(pattern), method, answer)
            for pattern, method, answer in (
                ("", "GET", self._to_root),
                ("/", "GET", self._overview),
                ("/jobs", "GET", self._jobs),
                (f"/jobs/{_ID}", "GET", self._job),
                ("/timeline", "GET", self._timeline),
                ("/events", "GET", self._events),
                ("/instances", "GET", self._instances),
                (r"/static/([\w.-]+)", "GET", self._static),
                ("/api/openapi.json", "GET", self._openapi),
                ("/api/overview", "GET", self._api_overview),
                ("/api/jobs", "GET", self._api_jobs),
                (f"/api/jobs/{_ID}", "GET", self._api_job),
                (f"/api/jobs/{_ID}/({'|'.join(CHANGES)})", "POST", self._change_job),
                ("/api/scheduler/(pause|resume)", "POST", self._change_scheduler),
                ("/api/timeline", "GET", self._api_timeline),
                ("/api/instances", "GET", self._api_instances),
                ("/api/events", "GET", self._api_events),
            )
        ]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        response = self._answered(environ)
        headers = [*HEADERS, *response.headers]
        if not any(name == "Cache-Control" for name, _ in response.headers):
            headers.append(NO_STORE)
        if response.status is not HTTPStatus.NOT_MODIFIED:
            headers += [("Content-Type", response.kind), ("Content-Length", str(len(response.body)))]
        start_response(f"{response.status.value} {response.status.phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body]

    # -- which answer ------------------------------------------------------------------------------

    def _answered(self, environ: Environ) -> Response:
        request: Request | None = None
        try:
            request = Request(environ)
            self._guard.check_host(request)
            return self._route(request)
        except Problem as error:
            problem = error
        except ErrSchedulerForked as error:
            problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except Exception as error:
            self._scheduler._report.error("gocron: dashboard: a page failed", "error", error)
            problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The log says why.")
        if request is None or request.wants_json:
            return Response(problem_document(problem), "application/json", problem.status, problem.headers)
        page = pages.problem(View(request.root, self._title, self._formats(request.root)), problem)
        return Response(page, status=problem.status, headers=problem.headers)

    def _route(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        allowed: list[str] = []
        for pattern, wanted, answer in self._routes:
            found = pattern.fullmatch(request.path)
            if found is None:
                continue
            if method == wanted:
                return answer(request, *found.groups())
            allowed.append(wanted)
        if allowed:
            headers = (("Allow", ", ".join("GET, HEAD" if name == "GET" else name for name in allowed)),)
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not for this address.", headers)
        self._guard.check_read(request, None)
        raise Problem.not_found("There is no such page.")

    # -- pages -------------------------------------------------------------------------------------

    def _to_root(self, request: Request) -> Response:
        return Response(status=HTTPStatus.PERMANENT_REDIRECT, headers=(("Location", f"{request.root}/"),))

    def _overview(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        permitted = self._guard.permitted(request, None)
        return Response(pages.overview(self._view(request, permitted), self._answers.overview()))

    def _jobs(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        query = JobQuery.read(request.query)
        document, tags = self._answers.jobs(query), self._answers.tags()
        return Response(pages.jobs(self._view(request), document, query, tags))

    def _job(self, request: Request, job_id: str) -> Response:
        job, document = self._job_document(request, job_id)
        return Response(pages.job(self._view(request, self._guard.permitted(request, job)), document))

    def _timeline(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        query = JobQuery.read(request.query)
        document, tags = self._answers.timeline(query), self._answers.tags()
        return Response(pages.timeline(self._view(request), document, query, tags))

    def _events(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        query = EventQuery.read(request.query)
        return Response(pages.events(self._view(request), self._answers.events(query), query))

    def _instances(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        return Response(pages.instances(self._view(request), self._answers.instances()))

    def _static(self, request: Request, name: str) -> Response:
        self._guard.check_read(request, None)
        asset = assets.find(name)
        if asset is None:
            raise Problem.not_found("There is no such file.")
        return Response(asset.body, asset.kind, headers=(assets.KEEP,))

    # -- the API -----------------------------------------------------------------------------------

    def _openapi(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        return Response(assets.OPENAPI.body, assets.OPENAPI.kind)

    def _api_overview(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        return self._json(request, self._answers.overview())

    def _api_jobs(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        return self._json(request, self._answers.jobs(JobQuery.read(request.query)))

    def _api_job(self, request: Request, job_id: str) -> Response:
        return self._json(request, self._job_document(request, job_id)[1])

    def _api_timeline(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        return self._json(request, self._answers.timeline(JobQuery.read(request.query)))

    def _api_events(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        return self._json(request, self._answers.events(EventQuery.read(request.query)))

    def _api_instances(self, request: Request) -> Response:
        self._guard.check_read(request, None)
        return self._json(request, self._answers.instances())

    def _change_scheduler(self, request: Request, change: str) -> Response:
        self._guard.check_change(request, change, None)
        self._tell_change(request, change, "all")
        change_scheduler(self._scheduler, change)
        return self._json(request, {"done": change})

    def _change_job(self, request: Request, job_id: str, change: str) -> Response:
        job = self._find(job_id)
        self._guard.check_change(request, change, job)
        if job is None:
            raise Problem.not_found("There is no such job.")
        self._tell_change(request, change, job.name())
        change_job(self._scheduler, change, job)
        return self._json(request, {"done": change})

    def _tell_change(self, request: Request, change: str, what: str) -> None:
        source = request.environ.get("REMOTE_ADDR")
        self._scheduler._report.info("gocron: dashboard: a change", "change", change, "job", what, "from", source)

    # -- parts -------------------------------------------------------------------------------------

    def _find(self, job_id: str) -> Job | None:
        seen = self._observer.look_at(UUID(job_id))
        return seen.jobs[0].job if seen.jobs else None

    def _job_document(self, request: Request, job_id: str) -> tuple[Job, Document]:
        job = self._find(job_id)
        self._guard.check_read(request, job)
        document = None if job is None else self._answers.job(UUID(job_id))
        if job is None or document is None:
            raise Problem.not_found("There is no such job. It may have been removed, or have run its last.")
        return job, document

    def _json(self, request: Request, document: Document) -> Response:
        # The time is no part of the document, or no two would ever be the same.
        return json_response(document, request, **{"X-Gocron-Now": self._now().isoformat(timespec="milliseconds")})

    def _view(self, request: Request, permitted: Sequence[str] = ()) -> View:
        return View(request.root, self._title, self._formats(request.root), permitted)

    def _formats(self, root: str) -> Formats:
        return Formats(root, self._now())

    def _now(self) -> Any:
        registry = self._scheduler._registry
        return datetime_of(registry.now(), registry.settings.location)


def app(
    scheduler: Scheduler,
    *,
    title: str = "gocron",
    actions: bool = False,
    authorize: Authorize | None = None,
    hosts: Collection[str] | None = None,
    late_after: timedelta = timedelta(seconds=10),
) -> Dashboard:
    """A page to look at: the dashboard of *scheduler*, as a WSGI application. Not in Go.

    It can be mounted under any path. It shows the jobs of this process's scheduler, and changes nothing unless
    *actions* are on.

    :param title: of the pages.
    :param actions: whether jobs can be run now, paused, resumed and removed. Needs *authorize*.
    :param authorize: asked before everything, with the WSGI environment, the action (``read``, ``run``, ``pause``,
        ``resume``, ``remove``) and the job (``None``: none in particular). Only ``True`` allows; what it raises is
        logged, and means no. It is asked about changes as a page is drawn, too: for the buttons. Without it
        everybody who reaches the pages may read.
    :param hosts: the host names that the server goes by, without ports; a request to any other name is refused, as
        a foreign site could point a name of its own here (DNS rebinding). Default: any.
    :param late_after: a job is late if its last run began so long after its time, or its next is so long overdue.
    :raises ErrInvalidArgument: a wrong kind of object, or *actions* without *authorize*.
    """
    check_kind(scheduler, Scheduler, "scheduler")
    check_kind(title, str, "title")
    check_kind(actions, bool, "actions")
    check_kind(late_after, timedelta, "late_after")
    if authorize is not None and not callable(authorize):
        raise ErrInvalidArgument("authorize must be callable", got=authorize)
    if actions and authorize is None:
        raise ErrInvalidArgument("actions need authorize: a callable that says who may do them")
    if hosts is not None and (isinstance(hosts, str) or not all(isinstance(host, str) for host in hosts)):
        raise ErrInvalidArgument("hosts must be a collection of names", got=hosts)
    if late_after <= timedelta(0):
        raise ErrInvalidArgument("late_after must be more than zero", got=late_after)
    return Dashboard(scheduler, title, actions, authorize, hosts, late_after)
