"""The one error type of the meter: what went wrong, what to do next, and the exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every verb."""

    PASS = 0
    USAGE = 2
    FAIL = 10
    INCONCLUSIVE = 11
    INVALID = 12
    REFUSED = 13
    INTERRUPTED = 130


class TidegaugeError(Exception):
    """A mistake or an obstacle that the user can act on; caught once, in the CLI."""

    def __init__(self, message: str, hint: str = "", exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def as_json(self) -> dict[str, object]:
        """The error as `--json` prints it."""
        return {
            "error": {"message": self.message, "hint": self.hint, "exit_code": int(self.exit_code)},
        }


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the known word closest to `word`, or lists them all."""
    candidates = sorted(known)
    close = difflib.get_close_matches(word, candidates, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return "known: " + ", ".join(candidates) if candidates else ""
