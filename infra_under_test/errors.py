"""The error type of the system under test: a mistake or an obstacle that its user can act on."""

from __future__ import annotations

USAGE = 2  # the contract's exit code for wrong usage, a missing part, a taken port


class StackError(Exception):
    """What went wrong, what to do next, and the exit code."""

    def __init__(self, message: str, hint: str = "", exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def as_json(self) -> dict[str, dict[str, str | int]]:
        """The error as the command prints it on stdout."""
        return {"error": {"message": self.message, "hint": self.hint, "exit_code": self.exit_code}}
