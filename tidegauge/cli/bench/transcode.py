"""`tidegauge bench transcode`: time, memory, quality and cost of the stack's ffmpeg core, by size of task."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import click

from tidegauge.cli.bench.elsewhere import elsewhere_options
from tidegauge.cli.bench.progress import CellProgress
from tidegauge.cli.bench.tables import print_bench
from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cli.paths import InputFile
from tidegauge.conduct.bench.child import DEFAULT_RENDITIONS
from tidegauge.conduct.bench.elsewhere import Elsewhere
from tidegauge.errors import ExitCode, TidegaugeError


@click.command(name="transcode")
@click.option(
    "--media", multiple=True, type=InputFile(), metavar="FILE",
    help="A GIF or MP4; repeatable. [default: two fixtures]",
)  # fmt: skip
@click.option(
    "--rendition", multiple=True, metavar="NAME",
    help=f"What to make; repeatable. [default: {', '.join(DEFAULT_RENDITIONS)}]",
)  # fmt: skip
@click.option(
    "--renditions", type=click.Path(path_type=Path), metavar="FILE",
    help="Renditions of your own, as TOML, beside the built-in ones.",
)  # fmt: skip
@click.option(
    "--profile", multiple=True, metavar="NAME",
    help="A task size, a pattern, 'emulable' or 'emulable-smallest'; repeatable; see `bench profiles`. "
    "[default: local-machine]",
)  # fmt: skip
@click.option(
    "--as-profile", metavar="NAME",
    help="This machine is of that size, a GPU instance too: measure it as it is, and price it as that.",
)  # fmt: skip
@click.option(
    "--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Timed rounds of each cell."
)
@click.option(
    "--curves", is_flag=True,
    help="Rate-quality curves too, of several encoders and presets on each profile: a minute a medium and "
    "MP4 rendition.",
)  # fmt: skip
@click.option("--no-quality", is_flag=True, help="Leave VMAF and SSIM out: quicker.")
@click.option(
    "--views", type=FiniteRange(0), metavar="N", help="Views of an asset, for its egress. [default: 10]"
)
@click.option(
    "--jobs-per-task", type=FiniteRange(1), metavar="N",
    help="Jobs between a task's start and its stop, which share the start. [default: 1111]",
)  # fmt: skip
@click.option(
    "--cold-start-s", type=FiniteRange(0), metavar="S",
    help="Seconds of a task's start that are billed. [default: 57]",
)  # fmt: skip
@click.option(
    "--utilisation", type=FiniteRange(0, 1, min_open=True), metavar="SHARE",
    help="Share of a task's time that goes into jobs. [default: 1]",
)  # fmt: skip
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep the outputs there, for a look at them.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Keep the JSON document there.")
@click.option(
    "--raw", type=click.Path(path_type=Path), metavar="FILE",
    help="Keep pytest-benchmark's own JSON there; `pytest-benchmark compare FILE FILE` reads it.",
)  # fmt: skip
@click.option(
    "--storage", type=click.Path(path_type=Path), metavar="DIR",
    help="Add to a pytest-benchmark storage there, a folder a profile.",
)  # fmt: skip
@elsewhere_options
@json_option
def transcode_command(out: Path | None, as_json: bool, **asked: Any) -> int:
    """Measure the transcode core: a cell a medium, rendition and profile.

    Each cell has wall time, CPU-seconds, peak memory, frames a second, bytes, quality, and what an asset
    costs. The default is this machine as it is, which has no price; a Fargate size is emulated by a CPU quota
    and a memory limit, and labelled so. What cannot be measured here (more vCPUs than this machine has,
    another architecture, a GPU) becomes a skipped cell that says why. Fargate has no GPU: GPU profiles are
    EC2 instances under ECS.

    \b
    Examples:
      tidegauge bench transcode --media cat.gif --rendition webp
      tidegauge bench transcode --profile fargate-x86-0.5vcpu-1gb --profile fargate-x86-1vcpu-2gb
      tidegauge bench transcode --profile emulable-smallest --rounds 3 --out bench.json
      tidegauge bench transcode --profile fargate-x86-2vcpu-4gb --rendition preview_mp4 --curves
      tidegauge bench transcode --profile 'fargate-x86-1vcpu-*' --views 250 --jobs-per-task 40
      tidegauge bench transcode --on ecs --stack aws.toml --profile fargate-arm-2vcpu-4gb --budget 1
      tidegauge bench transcode --import gpu.json --out bench.json
      tidegauge bench profiles

    Ends with 0; with 2 when no cell could be measured; Ctrl-C keeps the cells that are done, and ends
    with 130.
    """
    if out is not None:
        _make_room(out)
    elsewhere = Elsewhere.taken_from(asked)
    with CellProgress() as shown:
        ended = elsewhere.measure(asked, shown.take, say)
    if out is not None:
        _keep_document(ended.document, out)
    if as_json:
        print_json(ended.document)
    elif "cells" in ended.document:  # a dry run has none
        print_bench(ended.document)
    if ended.exit_code == ExitCode.USAGE:
        say("no cell could be measured: the reasons are in the cells")
    if out is not None:
        say(f"document: {out}")
    return ended.exit_code


def _make_room(path: Path) -> None:
    """Refuses a place that cannot be written before minutes are spent measuring."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:
        raise _cannot_write(path, error) from None


def _keep_document(document: Any, path: Path) -> None:
    try:
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> TidegaugeError:
    return TidegaugeError(f"{path} cannot be written: {error.strerror}", "name another --out")
