"""Arguments that name a file to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tidegauge.cli.output import say
from tidegauge.house import find


class InputFile(click.Path):
    """A file; where nothing has its name, the one of that name that comes with Tidegauge."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; says so when it is one of ours."""
        path = super().convert(value, param, ctx)
        assert isinstance(path, Path)
        found = find(path)
        if found != path:
            say(f"{path} is not here: taking the one that comes with Tidegauge")
        return found
