"""The dashboard under a project's URLs, for its staff::

    urlpatterns = [path("jobs/", include("gocron_py.integrations.django.dashboard")), …]

To look at it takes what the admin takes; to run, pause and resume, the permissions on jobs. It shows the scheduler of
the process that answers; where that has none, because ``rungocron`` runs the jobs, it knows of no runs, and the admin
does.
"""

from __future__ import annotations

import io
import sys
from functools import cache
from typing import Any

from django.contrib.admin import site
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import re_path, reverse
from django.views.decorators.csrf import csrf_exempt

from gocron_py.integrations.django import scheduling
from gocron_py.integrations.page import ProcessDashboard
from gocron_py.job import Job

_USER = "gocron_py.user"

_PERMISSIONS = {"run": "gocron.run_job", "pause": "gocron.pause_job", "resume": "gocron.pause_job"}


@csrf_exempt  # the dashboard has no forms that change anything: a change needs a header, and its own origin
def dashboard(request: Any, rest: str) -> HttpResponse:
    """What the dashboard answers to staff."""
    if not site.has_permission(request):
        if request.user.is_authenticated or rest.startswith("api/"):
            return HttpResponseForbidden(b"The jobs are for staff.\n", content_type="text/plain")
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    told: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
        told[:] = status, headers

    body = b"".join(_application()(_environ(request, rest), start_response))
    status, headers = told
    return HttpResponse(body, status=int(status.split()[0]), headers=dict(headers))


urlpatterns = [re_path(r"^(?P<rest>.*)$", dashboard, name="gocron-dashboard")]


@cache
def _application() -> ProcessDashboard:
    return ProcessDashboard(scheduling.process(), title="Scheduled jobs", actions=True, authorize=_may)


def _may(environ: dict[str, Any], action: str, job: Job | None) -> bool:
    if action == "read":  # or the view would not have come here
        return True
    return action in _PERMISSIONS and bool(environ[_USER].has_perm(_PERMISSIONS[action]))


def _environ(request: HttpRequest, rest: str) -> dict[str, Any]:
    """A WSGI environment, as ASGI servers bring none."""
    environ = {name: value for name, value in request.META.items() if isinstance(value, str)}
    environ["REQUEST_METHOD"] = str(request.method)
    environ["SCRIPT_NAME"] = _wsgi_text(request.path.removesuffix(rest).rstrip("/"))
    environ["PATH_INFO"] = _wsgi_text(f"/{rest}")
    more = {"wsgi.input": io.BytesIO(request.body), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0)}
    more |= {"wsgi.url_scheme": request.scheme, "wsgi.multithread": True, "wsgi.multiprocess": True}
    return {**environ, **more, "wsgi.run_once": False, _USER: getattr(request, "user", None)}


def _wsgi_text(text: str) -> str:
    return text.encode().decode("latin-1")
