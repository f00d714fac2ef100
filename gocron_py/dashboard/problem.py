"""A request that cannot be answered as it was asked."""

from __future__ import annotations

from http import HTTPStatus
from typing import final


@final
class Problem(Exception):
    """Ends the answering of a request.

    :param detail: what is wrong, for the one who asked.
    :param headers: of the answer.
    """

    def __init__(self, status: HTTPStatus, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers

    @classmethod
    def bad_request(cls, detail: str) -> Problem:
        """400."""
        return cls(HTTPStatus.BAD_REQUEST, detail)

    @classmethod
    def not_found(cls, detail: str) -> Problem:
        """404."""
        return cls(HTTPStatus.NOT_FOUND, detail)

    @classmethod
    def forbidden(cls, detail: str) -> Problem:
        """403."""
        return cls(HTTPStatus.FORBIDDEN, detail)
