"""`tidegauge report`: a run folder to one HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import click

from tidegauge.cli.output import json_option, people, print_json, say
from tidegauge.cost_record import CostSection, in_brackets
from tidegauge.dollars import usd
from tidegauge.store import RunFolder
from tidegauge.summary import Figures, Quantiles, Summary


@click.command(name="report")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The HTML file. [default: RUN/report.html]")
@json_option
def report_command(runs: tuple[Path, ...], out: Path | None, as_json: bool) -> int:
    """Write the HTML report of RUN anew from its samples: one file, no network."""
    from tidegauge.results.measure import measure  # loads what only this needs
    from tidegauge.results.recovery import recover
    from tidegauge.results.report import write_report

    if out is not None and len(runs) > 1:
        raise click.UsageError("--out takes one RUN; without it each report goes into its run folder")
    written = []
    for path in runs:
        folder = RunFolder.open(path)
        recover(folder)
        written.append(str(write_report(measure(folder), out)))
    if as_json:
        print_json({"report": written[0] if len(written) == 1 else written})
    else:
        for name in written:
            click.echo(name)
    return 0


def print_summary(summary: Summary) -> None:
    """The verdict and a table of flows, for people."""
    from rich.table import Table

    colour = {"PASS": "green", "FAIL": "red", "INVALID": "magenta"}.get(summary.verdict, "yellow")
    people.print(f"[bold {colour}]{summary.verdict}[/]")
    for sentence in (*summary.reasons, *summary.advice, *summary.notes):
        say(f"  {sentence}")
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)  # fits into 80 columns, as logs have
    for heading in ("flow", "requests", "failed", "rate/s", "P50 ms", "P99 ms", "service P99", "hit ratio"):
        table.add_column(heading, justify="left" if heading == "flow" else "right", no_wrap=True)
    for row in summary.flows:
        table.add_row(row.flow, *_figures(row))
    table.add_row("total", *_figures(summary.total))
    people.print(table)
    say(f"requests: {summary.total.stages}")
    for sentence in _cost(summary.cost):
        say(sentence)
    if summary.drain_s:
        say(f"the last request finished {summary.drain_s:.1f} s after the last phase")


def _cost(cost: CostSection) -> Iterator[str]:
    """Both costs, or why the marginal one is not known."""
    if cost.marginal_per_1k_requests is None:
        yield f"cost: n/a, {cost.marginal_reason}"
        return
    marginal = f"{usd(Decimal(cost.marginal_per_1k_requests))} marginal{in_brackets(cost.marginal_doubt)}"
    yield f"cost per 1,000 answered requests: {marginal}"
    if cost.loaded_per_1k_requests is not None:
        least = "" if cost.complete else "at least "
        loaded = f"{least}{usd(Decimal(cost.loaded_per_1k_requests))} with the architecture's fixed hours"
        yield f"  {loaded}{in_brackets(cost.loaded_doubt)}"


def _figures(row: Figures) -> tuple[str, ...]:
    ratio = row.cache.hit_ratio_by_request
    return (
        str(row.count),
        str(row.failures),
        f"{row.rate_per_s:.1f}",
        _ms(row.response_time_ms, "p50"),
        _ms(row.response_time_ms, "p99"),
        _ms(row.service_time_ms, "p99"),
        "-" if ratio is None else f"{ratio:.3f}",
    )


def _ms(times: Quantiles, name: str) -> str:
    value = times.value(name)
    if value is not None:
        return f"{value:.2f}"
    missing = times.unsupported.get(name)
    return f"n/a {missing.replace(' of ', '/')}" if missing else "n/a"
