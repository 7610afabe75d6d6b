"""`tidegauge bench transcode`: time, CPU and memory of the stack's ffmpeg core, measured in a child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from tidegauge.cli.children import die_with_parent
from tidegauge.cli.output import json_option, people, print_json
from tidegauge.cli.provenance import ROOT
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.store import RunFolder

RENDITIONS = ("preview_mp4", "slack_gif", "webp", "poster")
DEFAULT_MEDIA = ("anim_bbb.gif", "city.gif")


@click.group(name="bench")
def bench_group() -> None:
    """Benchmarks of what the stack runs."""


@bench_group.command(name="transcode")
@click.option(
    "--media", multiple=True, type=click.Path(path_type=Path), help="A GIF or MP4. [default: two fixtures]"
)
@click.option("--rendition", multiple=True, type=click.Choice(RENDITIONS), help="[default: all]")
@click.option(
    "--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Rounds of each cell."
)
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep the outputs there.")
@json_option
def transcode_command(
    media: tuple[Path, ...], rendition: tuple[str, ...], rounds: int, keep: Path | None, as_json: bool
) -> int:
    """Time the transcode core on this machine: wall, CPU-seconds, peak memory and bytes a rendition.

    Task sizes of Fargate and GPUs are not measured yet: every figure is this machine's own.
    """
    chosen = media or tuple(ROOT / "fixtures" / "media" / name for name in DEFAULT_MEDIA)
    document = run_bench(chosen, rendition or RENDITIONS, rounds, keep=keep)
    if as_json:
        print_json(document)
    else:
        _print_cells(document["cells"])
    return 0


def bench_into(folder: RunFolder, media: Sequence[Path], renditions: Sequence[str], rounds: int) -> None:
    """The bench's document and pytest-benchmark's own, into the run."""
    folder.write_json(folder.bench_json, run_bench(media, renditions, rounds, raw=folder.benchmark_json))


def run_bench(
    media: Sequence[Path],
    renditions: Sequence[str],
    rounds: int,
    *,
    raw: Path | None = None,
    keep: Path | None = None,
) -> Any:
    """The document that the benches print, run in a process of their own."""
    command = [sys.executable, "-m", "benches", "transcode", "--rounds", str(rounds)]
    for path in media:
        command += ["--media", str(path.resolve())]
    for name in renditions:
        command += ["--rendition", name]
    command += ["--raw", str(raw.resolve())] if raw else []
    command += ["--keep", str(keep.resolve())] if keep else []
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,
        check=False,
    )
    try:
        document = json.loads(done.stdout)
    except ValueError:
        raise TidegaugeError(
            f"the bench ended with exit code {done.returncode}",
            "see the lines above; is the extra `local` installed?",
        ) from None
    if "error" in document:
        error = document["error"]
        raise TidegaugeError(error["message"], error["hint"], ExitCode(error["exit_code"]))
    return document


def _print_cells(cells: Sequence[Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("media", "rendition", "wall s", "CPU s", "peak MB", "frames/s", "bytes", "how"):
        table.add_column(heading, justify="left" if heading in ("media", "rendition", "how") else "right")
    for cell in cells:
        table.add_row(
            os.path.basename(cell["media"]),  # noqa: PTH119  # a name, and no path to open
            cell["rendition"],
            f"{cell['wall_s']:.2f}",
            f"{cell['cpu_s']:.2f}",
            f"{cell['rss_peak_mb']:.0f}",
            f"{cell['frames_per_s']:.0f}",
            str(cell["bytes_out"]),
            cell["provenance"],
        )
    people.print(table)
