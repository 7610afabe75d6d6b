"""The options that several verbs of `cost` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

prices_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--prices",
    "prices_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A price book, as `cost prices refresh` writes it; default: the region's own of this program.",
)
