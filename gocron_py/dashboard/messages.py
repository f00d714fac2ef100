"""Requests and responses, as far as the dashboard needs them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias, final
from urllib.parse import parse_qsl, quote

from gocron_py.dashboard.problem import Problem

Environ: TypeAlias = dict[str, Any]
"""A WSGI environment."""

_MOST_FIELDS = 20


@final
class Request:
    """What is asked for.

    :ivar root: the path under which the dashboard is mounted, ready for URLs; never ends with a slash.
    :ivar path: the path below it.
    :raises Problem: 400, a query string that cannot be read.
    """

    def __init__(self, environ: Environ) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.root = quote(_text(environ.get("SCRIPT_NAME", "")), errors="replace").rstrip("/")
        self.path = _text(environ.get("PATH_INFO", ""))
        try:
            fields = parse_qsl(
                _text(environ.get("QUERY_STRING", "")), keep_blank_values=True, max_num_fields=_MOST_FIELDS
            )
        except ValueError:
            raise Problem.bad_request(f"at most {_MOST_FIELDS} fields in a query") from None
        self.query = dict(fields)

    def header(self, name: str) -> str | None:
        """A header of the request."""
        value: str | None = self.environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        return value

    @property
    def wants_json(self) -> bool:
        """Whether the answer is for a program, errors included."""
        return self.path.startswith("/api/")


def _text(value: str) -> str:
    """WSGI gives bytes, dressed up as Latin-1."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


@final
@dataclass(frozen=True, slots=True)
class Response:
    """An answer, without the headers that all have."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()


def json_response(document: object, request: Request, **headers: str) -> Response:
    """A JSON document with its ETag; 304 if the one who asks has it already."""
    body = json.dumps(document, separators=(",", ":")).encode("ascii")
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    also = (("ETag", tag), *headers.items())
    if tag in [each.strip().removeprefix("W/") for each in (request.header("If-None-Match") or "").split(",")]:
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=also)
    return Response(body, "application/json", headers=also)


def problem_document(problem: Problem) -> bytes:
    """A problem for a program."""
    return json.dumps({"status": problem.status.value, "error": problem.detail}).encode("ascii")
