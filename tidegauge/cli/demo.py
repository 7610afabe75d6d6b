"""`tidegauge demo`: the whole story on one machine, every part real."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tidegauge.cli.bench.transcode import bench_into
from tidegauge.cli.catalogue import MEDIA, create_catalogue
from tidegauge.cli.cost.validate import audit_estimate
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cli.stack import call
from tidegauge.conduct import preflight
from tidegauge.conduct.flows import ROOT, scenarios
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import load_plan
from tidegauge.stack import load_stack
from tidegauge.store import RunFolder, require_empty

PLAN = ROOT / "plans" / "demo.toml"
ASSETS = 24
CATALOGUE_MEDIA = ("anim_bbb.gif", "city.gif", "odd.gif", "alpha.gif")  # each is transcoded once
ESTIMATE = ROOT / "infra_under_test" / "estimates" / "seed.toml"
ARCHITECTURE = ESTIMATE.with_name("as_seed")
BENCH_MEDIA = ("anim_bbb.gif", "city.gif")
BENCH_RENDITIONS = ("preview_mp4", "slack_gif")
BENCH_ROUNDS = 3


@click.command(name="demo")
@click.option(
    "--duration", "duration_s", default=20.0, show_default=True, type=click.FloatRange(3, 3600), metavar="S",
    help="Seconds of traffic.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), help="The run folder: empty or new. [default: runs/<id>]"
)
@json_option
def demo_command(duration_s: float, out: Path | None, as_json: bool) -> int:
    """Bring up a real local stack, load it, bench its transcode core, and write the report.

    nginx, uvicorn, Valkey, an S3, DynamoDB and SQS emulator and ffmpeg workers run on free loopback ports;
    real media is uploaded, transcoded and viewed under mixed traffic. Everything is taken down at the end,
    also after Ctrl-C or a crash. The loaded cost takes the fixed hours of the AWS infrastructure guide's
    architecture, and its estimate is audited by what the run measured. Exits as the verdict does.
    """
    from tidegauge.cli.report import print_summary, write_report
    from tidegauge.conduct.fleet import Fleet  # what these load takes seconds: --help must not wait for it
    from tidegauge.conduct.stages import carry_out
    from tidegauge.results.measure import exit_code

    clock = _Steps()
    overrides = (f"arrivals.0.duration_s={duration_s}", f"warmup_s={min(2.0, duration_s / 4)}")
    known = scenarios()
    plan = load_plan(PLAN, overrides, frozenset(known))
    if out is not None:
        require_empty(out)  # one that is not empty must not cost the wait for the stack
        preflight.check_disk(out, plan)
    with _held_stack() as started:
        descriptor = Path(started["descriptor"])
        clock.done("stack up")
        stack = load_stack(descriptor)
        _, timing = create_catalogue(
            stack,
            descriptor,
            ASSETS,
            tuple(MEDIA / name for name in CATALOGUE_MEDIA),
            descriptor.with_name("catalogue.jsonl"),
        )
        clock.done("catalogue", f": {ASSETS} assets, {timing.transcode_s:.1f} s of it transcoding")
        stack = load_stack(descriptor)
        prepared = preflight.prepare(plan, stack, descriptor, known, architecture=ARCHITECTURE)
        folder, summary = carry_out(prepared, Fleet(), out)
        clock.done("traffic", " with drain and summary")
    clock.done("stack down")
    run = folder.read_json(folder.run_json)
    if not run["interrupted"]:
        _bench(folder)
        clock.done("transcode bench")
        deviation = audit_estimate(ESTIMATE, run_dir=folder.path)["deviation"]
        clock.done("audit", f" of the guide's estimate: off by {float(deviation):.0%}, see the report")
    write_report(folder)
    clock.done("report")
    if as_json:
        print_json({**summary, "run_dir": str(folder.path), "steps_s": clock.taken})
    else:
        print_summary(summary)
    say(f"run folder: {folder.path}")
    say(f"report:     {folder.report_html}")
    return exit_code(summary, run)


def _bench(folder: RunFolder) -> None:
    """The bench's table is an extra of the demo: without it the report still stands, and says so."""
    try:
        media = [MEDIA / name for name in BENCH_MEDIA]
        if bench_into(folder, media, BENCH_RENDITIONS, BENCH_ROUNDS) != ExitCode.PASS:
            say("transcode bench: not every cell was measured; bench.json says which")
    except TidegaugeError as error:
        say(f"transcode bench failed: {error.message}")


@contextmanager
def _held_stack() -> Iterator[Any]:
    """A stack of this process: its supervisor holds a pipe, and takes all down when the pipe ends."""
    name = f"demo-{os.getpid()}"
    read_end, write_end = os.pipe()
    try:
        started = call(["up", "--name", name, "--hold-stdin"], stdin=read_end)
    finally:
        os.close(read_end)
    try:
        yield started
        call(["down", "--name", name])
    finally:
        os.close(write_end)  # whatever happened: this alone takes the stack down


class _Steps:
    """Tells how long each step took."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self.taken: dict[str, float] = {}

    def done(self, step: str, detail: str = "") -> None:
        now = time.monotonic()
        self.taken[step] = round(now - self._since, 2)
        say(f"{now - self._since:6.1f} s  {step}{detail}")
        self._since = now
