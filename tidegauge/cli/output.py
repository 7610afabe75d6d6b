"""What verbs print: results on stdout, everything for people on stderr, errors once."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec

import click
from rich.console import Console

from tidegauge.errors import ExitCode, TidegaugeError

P = ParamSpec("P")

people = Console(
    stderr=True,
    highlight=False,
    soft_wrap=True,
    color_system=None if os.environ.get("NO_COLOR") else "auto",  # by itself rich would keep bold
)


def json_option(command: Callable[P, Any]) -> Callable[P, Any]:
    """Adds `--json`, and ends the verb with its exit code or its one error."""

    @click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document on stdout; all else on stderr."
    )
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        as_json = bool(kwargs.get("as_json"))
        try:
            code = command(*args, **kwargs)
        except TidegaugeError as error:
            sys.exit(fail(error, as_json=as_json))
        except KeyboardInterrupt:
            early = TidegaugeError("interrupted", "it had not finished: call it again", ExitCode.INTERRUPTED)
            sys.exit(fail(early, as_json=as_json))
        sys.exit(int(code or 0))

    return wrapped


def fail(error: TidegaugeError, *, as_json: bool) -> int:
    """Prints the error; returns its exit code."""
    if as_json:
        print_json(error.as_json())
    else:
        people.print("[bold red]error:[/] ", end="")
        say(error.message)
        if error.hint:
            people.print("[bold]hint:[/] ", end="")
            say(error.hint)
    return int(error.exit_code)


def print_json(document: object) -> None:
    """The one document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def say(text: str) -> None:
    """Lines for people; text from outside is taken neither as markup nor as commands to the terminal."""
    people.print("\n".join(map(printable, text.split("\n"))), markup=False)


def printable(text: str) -> str:
    """Without what a terminal would take for more than text."""
    return "".join(char if char.isprintable() else "?" for char in text)
