"""`tidegauge init`: a plan, a stack descriptor and a flow to start from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from tidegauge.cli.output import json_option, print_json, say
from tidegauge.conduct.start import write_start


@click.command(name="init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@json_option
def init_command(folder: Path, as_json: bool) -> int:
    """Write a plan, a stack descriptor and a Python flow to start from into DIR (default: this folder).

    They are commented, and run as they are once stack.toml names your stack. Nothing is overwritten.

    \b
    Example: tidegauge init load
    """
    written = write_start(folder)
    if as_json:
        print_json({"files": [str(path) for path in written]})
    else:
        _say_what_is_next(written)
    return 0


def _say_what_is_next(written: Sequence[Path]) -> None:
    plan, stack, flow = (shlex.quote(str(path)) for path in written)
    say(f"wrote {plan}, {stack} and {flow}. Next:")
    say(f"  1. edit api_url in {stack}, and allowed_hosts where the host is another")
    say(f"  2. tidegauge doctor --stack {stack} --plan {plan}")
    say(f"  3. tidegauge run {plan} --stack {stack}")
