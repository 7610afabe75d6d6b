"""`tidegauge workload fit`: access logs to a plan that sends their like."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Literal

import click

from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cli.paths import InputFile
from tidegauge.errors import TidegaugeError

YEAR_S = 365 * 86_400.0


@click.group(name="workload")
def workload_group() -> None:
    """Traffic that was: from logs to plans."""


@workload_group.command(name="fit")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=InputFile())
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The plan to write.")
@click.option("--force", is_flag=True, help="Overwrite the plan if it exists.")
@click.option(
    "--bad-max",
    default=0.01,
    show_default=True,
    type=FiniteRange(0, 1),
    help="Share of lines that may be unreadable.",
)
@click.option(
    "--base",
    type=click.Choice(["api", "cdn"]),
    help="Where the plan's requests go. [default: cdn for CloudFront's logs, /v1/ aside; api for others]",
)
@click.option(
    "--cache-objects",
    type=click.IntRange(1),
    help="Size of the simulated LRU cache. [default: a tenth of the objects in the log]",
)
@click.option(
    "--ttl",
    "ttl_s",
    default=86_400.0,
    show_default=True,
    type=FiniteRange(0, YEAR_S, min_open=True),
    help="Seconds that the simulated TTL cache keeps an object.",
)
@json_option
def fit_command(
    logs: tuple[Path, ...],
    out: Path,
    force: bool,
    bad_max: float,
    base: Literal["api", "cdn"] | None,
    cache_objects: int | None,
    ttl_s: float,
    as_json: bool,
) -> int:
    """Turn access logs into a plan: rate over time, mix of flows, sessions and popularity.

    LOG is a file or a folder, read with all below it: CloudFront standard logs (v1; v2 as text, JSON or
    Parquet) and load balancer access logs, plain or gzip, told apart by content. Popularity is fitted by
    maximum likelihood as Zipf's law and as a stretched exponential; how well the fit reproduces the log is
    printed. docs/replay.md has the method and its limits; to send the logged requests themselves, use
    shape = "trace".

    \b
    Example: tidegauge workload fit logs/2026-05-01/ --out monday.toml
             tidegauge run monday.toml --stack stack.toml --dry-run
    """
    if out.exists() and not force:
        raise TidegaugeError(f"{out} exists", "name another file, or add --force to overwrite it")
    if not out.parent.is_dir():
        raise TidegaugeError(f"folder {out.parent} does not exist", "create it, or name another file")
    from tidegauge.collect.logs.requests import read_logs
    from tidegauge.results.fit_account import (  # with scipy: errors must not wait for it
        account,
        document,
        plan_of,
    )
    from tidegauge.workload.fit.log_fit import fit_log

    read = read_logs(logs, bad_max)
    fit = fit_log(read.records, cache_objects, ttl_s)
    _write(out, plan_of(fit, read, _plan_name(out), base))
    if as_json:
        print_json(document(fit, read, out))
    else:
        for line in account(fit, read):
            say(line)
        for source, why in read.bad_examples:
            say(f"  {source}: {why}")
        click.echo(str(out))
    return 0


def _plan_name(out: Path) -> str:
    """The file's name, as far as it is plain."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", out.stem).strip("-") or "fitted"


def _write(out: Path, text: str) -> None:
    """All of it or nothing: a write that fails leaves no half plan."""
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise TidegaugeError(f"{out} cannot be written: {error.strerror}", "name another file") from None
