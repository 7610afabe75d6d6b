"""Answers that say what went wrong: `{"error": {"code", "message"}}`."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


class ApiError(Exception):
    """An answer other than success, with a code for programs and a message for people."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


def error_response(error: ApiError) -> JSONResponse:
    """The error as its JSON answer."""
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, status_code=error.status, headers=error.headers)


def not_found(what: str) -> ApiError:
    """404 for an id or code that nobody has."""
    return ApiError(404, "not_found", f"there is no {what}")
