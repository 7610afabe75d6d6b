"""`tidegauge bench report`: bench documents to one HTML file that says what to take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.conduct.bench.documents import read_document
from tidegauge.errors import TidegaugeError

DEFAULT_OUT = Path("bench-report.html")


@click.command(name="report")
@click.argument(
    "documents", metavar="BENCH.json...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=DEFAULT_OUT, show_default=True, help="The HTML file."
)
@click.option(
    "--target-vmaf",
    type=FiniteRange(0, 100, min_open=True, max_open=True),
    default=93.0,
    show_default=True,
    metavar="VMAF",
    help="The quality at which encoders are compared.",
)
@json_option
def report_command(documents: tuple[Path, ...], out: Path, target_vmaf: float, as_json: bool) -> int:
    """Compare profiles, presets, CPU and GPU from what `bench transcode --json` printed: one HTML file.

    Says the recommended profile and preset of each rendition and what they save a month, with the charts
    behind it. Several documents are shown together; figures of unlike ffmpeg builds or machines are never
    held against each other without saying so.

    \b
    Examples:
      tidegauge bench report bench.json
      tidegauge bench report here.json gpu.json --target-vmaf 90 --out compared.html
    """
    from tidegauge.analysis.transcode.answer import answer  # loads scipy
    from tidegauge.analysis.transcode.document import join, read_bench

    read = [read_document(path) for path in documents]
    benches = [read_bench(document, path.name) for document, path in zip(read, documents, strict=True)]
    found = answer(join(benches), target_vmaf)
    _write(out, _html(documents, read, found))
    if as_json:
        print_json({"report": str(out), "answer": found})
        return 0
    say(found["headline"])
    for row in (*found["profiles"], *found["presets"]):
        say(f"  {row['sentence']}")
    click.echo(str(out))
    return 0


def _html(paths: Sequence[Path], read: Sequence[Any], found: Any) -> str:
    from reports.render import render_bench_html
    from reports.report_data import BenchData

    several = len(paths) > 1
    cells = [
        {**cell, "document": path.name if several else None}
        for path, document in zip(paths, read, strict=True)
        for cell in document["cells"]
    ]
    return render_bench_html(
        BenchData(names=[path.name for path in paths], bench={"cells": cells}, transcode=found)
    )


def _write(path: Path, html: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise TidegaugeError(f"{path} cannot be written: {error.strerror}", "name another --out") from None
