"""Who may see and do what; and what browsers are told, so that no other site does it in their name."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias, final
from urllib.parse import urlsplit

from gocron_py.dashboard.messages import Environ, Request
from gocron_py.dashboard.problem import Problem
from gocron_py.errors import ErrInvalidArgument

if TYPE_CHECKING:
    from gocron_py.job import Job
    from gocron_py.reporter import Reporter

Authorize: TypeAlias = "Callable[[Environ, str, Job | None], bool]"
"""Asked with the WSGI environment, the action (``read``, ``run``, ``pause``, ``resume``, ``remove``) and the job;
``None``: it is about no single job. Only ``True`` allows."""

READ: Final = "read"
CHANGES: Final = ("run", "pause", "resume", "remove")

CHANGE_HEADER: Final = "X-Gocron-Dashboard"

# Scripts, styles and images from here only, and no inline ones. Forms are the search fields, which only read:
# a change needs a header that no form can send.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)

HEADERS: Final = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""On every answer. There is no header of CORS: no other site may read anything."""

NO_STORE: Final = ("Cache-Control", "no-store")
"""On all but the static files. The script keeps the ETag of what it has by itself, so nothing need be stored."""

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@final
class Guard:
    """Decides about requests.

    :param hosts: names that a request may call this server; ``None``: any.
    """

    def __init__(
        self, authorize: Authorize | None, actions: bool, hosts: Collection[str] | None, report: Reporter
    ) -> None:
        self._authorize = authorize
        self._actions = actions
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)
        self._report = report

    def check_host(self, request: Request) -> None:
        """Refuse a request that was led here by a name of somebody else's (DNS rebinding).

        :raises Problem: 403.
        """
        if self._hosts is not None and _host_of(f"//{request.header('Host') or ''}") not in self._hosts:
            raise Problem.forbidden("This host name is not one that the dashboard answers to.")

    def check_read(self, request: Request, job: Job | None) -> None:
        """Refuse what may not be seen.

        :raises Problem: 401 if credentials would help, else 403.
        """
        if self._authorize is not None and not self._allows(request, READ, job):
            raise self._refusal(request)

    def permitted(self, request: Request, job: Job | None) -> list[str]:
        """The changes that would be allowed."""
        return [change for change in CHANGES if self._actions and self._allows(request, change, job)]

    def check_change(self, request: Request, change: str, job: Job | None) -> None:
        """Refuse a change that is not switched on, not of this very site's making, or not allowed.

        :raises Problem: 403, or 401 if credentials would help.
        """
        if not self._actions:
            raise Problem.forbidden("Actions are switched off.")
        self._check_origin(request)
        if not self._allows(request, change, job):
            raise self._refusal(request)

    def _check_origin(self, request: Request) -> None:
        if request.header(CHANGE_HEADER) is None:
            raise Problem.forbidden(f"A change needs the header {CHANGE_HEADER}.")
        site, origin = request.header("Sec-Fetch-Site"), request.header("Origin")
        if site is None and origin is None:
            raise Problem.forbidden("A change must say where it comes from: the header Origin is missing.")
        if site not in (None, "same-origin"):
            raise Problem.forbidden("A change must come from the dashboard itself, not from another site.")
        host = f"//{request.header('Host') or ''}"
        if origin is not None and (_host_of(origin) is None or _place_of(origin) != _place_of(host)):
            raise Problem.forbidden("A change must come from the dashboard itself, not from another origin.")

    def _allows(self, request: Request, action: str, job: Job | None) -> bool:
        if self._authorize is None:
            return False
        try:
            answer: object = self._authorize(request.environ, action, job)
        except Exception as error:
            self._report.error("gocron: dashboard: authorize raised, so nothing is allowed", "error", error)
            return False
        # Not merely true: an `async def` would give a coroutine, which is.
        if not isinstance(answer, bool):
            kind = type(answer).__name__
            close = getattr(answer, "close", None)
            if callable(close):  # or Python warns of a coroutine that nobody awaited
                close()
            self._report.warn("gocron: dashboard: authorize must return a bool, so nothing is allowed", "got", kind)
        return answer is True

    def _refusal(self, request: Request) -> Problem:
        challenge = getattr(self._authorize, "challenge", None)
        if isinstance(challenge, str):
            headers = (("WWW-Authenticate", challenge),)
            return Problem(HTTPStatus.UNAUTHORIZED, "A user name and a password are needed.", headers)
        return Problem.forbidden("You are not allowed to do this.")


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _place_of(url: str) -> tuple[str | None, int | None]:
    """Host and port; a port that goes without saying is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname, None if parts.port in (80, 443) else parts.port
    except ValueError:
        return None, -1


@final
class BasicAuth:
    """An ``authorize`` that asks for a user name and a password (HTTP Basic authentication).

    The password goes over the wire as it is: beyond the own machine put a proxy with TLS before it.

    :param users: the password of each user.
    :param actions: who may do more than read; default: all of them.
    :raises ErrInvalidArgument: no user, or a name or password that is no text or empty.
    """

    challenge = 'Basic realm="gocron", charset="UTF-8"'

    def __init__(self, users: Mapping[str, str], *, actions: Collection[str] | None = None) -> None:
        if not users:
            raise ErrInvalidArgument("at least one user is needed")
        for user, password in users.items():
            if not isinstance(user, str) or not isinstance(password, str) or not user or not password or ":" in user:
                # Neither is shown: the one next to a mistaken one may be a password.
                raise ErrInvalidArgument("users are a mapping of names, without colons, to passwords, not empty")
        self._users = {user: _digest(f"{user}:{password}") for user, password in users.items()}
        self._actions = frozenset(users if actions is None else actions)
        if not self._actions <= set(users):
            raise ErrInvalidArgument("actions names somebody who is no user")

    def __call__(self, environ: Environ, action: str, job: Job | None) -> bool:
        """Whether the request's credentials are those of a user who may."""
        given = _digest(_credentials(environ.get("HTTP_AUTHORIZATION", "")))
        # All are compared, each in constant time: how long it takes tells nothing.
        known = [user for user, digest in self._users.items() if hmac.compare_digest(digest, given)]
        return bool(known) and (action == READ or known[0] in self._actions)

    def __repr__(self) -> str:
        return f"<BasicAuth of {len(self._users)} users>"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _credentials(header: str) -> str:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
