"""`tidegauge demo`: the whole story on one machine, every part real."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from tidegauge.cli.bench.progress import CellProgress
from tidegauge.cli.counter import Counter
from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.conduct import preflight
from tidegauge.conduct.bench.child import run_bench
from tidegauge.conduct.flows import load_plan_and_flows
from tidegauge.conduct.stack_process import held_stack
from tidegauge.conduct.uploads import create_catalogue
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.house import HOUSE, MEDIA
from tidegauge.results.audit import audit_estimate
from tidegauge.stack import load_stack
from tidegauge.store import RunFolder, require_empty
from tidegauge.stored import document_of

PLAN = HOUSE / "plans" / "demo.toml"
ASSETS = 24
CATALOGUE_MEDIA = ("anim_bbb.gif", "city.gif", "odd.gif", "alpha.gif")  # each is transcoded once
ESTIMATE = HOUSE / "infra_under_test" / "estimates" / "seed.toml"
ARCHITECTURE = ESTIMATE.with_name("as_seed")
BENCH_MEDIA = ("anim_bbb.gif", "city.gif")
BENCH_RENDITIONS = ("preview_mp4", "slack_gif")
BENCH_ROUNDS = 3


@click.command(name="demo")
@click.option(
    "--duration", "duration_s", default=20.0, show_default=True, type=FiniteRange(3, 3600), metavar="S",
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
    from tidegauge.cli.live import LiveView
    from tidegauge.cli.report import print_summary
    from tidegauge.conduct.fleet import Fleet  # what these load takes seconds: --help must not wait for it
    from tidegauge.conduct.stages import carry_out
    from tidegauge.results.report import write_report

    clock = _Steps()
    overrides = (f"arrivals.0.duration_s={duration_s}", f"warmup_s={min(2.0, duration_s / 4)}")
    plan, known = load_plan_and_flows(PLAN, overrides)
    if out is not None:
        require_empty(out)  # one that is not empty must not cost the wait for the stack
        preflight.check_disk(out, plan)
    with held_stack(f"demo-{os.getpid()}") as started:
        descriptor = Path(started["descriptor"])
        clock.done("stack up")
        stack = load_stack(descriptor)
        media = [MEDIA / name for name in CATALOGUE_MEDIA]
        rows = descriptor.with_name("catalogue.jsonl")
        with Counter("assets ready", ASSETS) as counter:
            timing = create_catalogue(stack, descriptor, media, ASSETS, rows, counter.update)
        clock.done("catalogue", f": {ASSETS} assets, {timing.transcode_s:.1f} s of it transcoding")
        stack = load_stack(descriptor)
        prepared = preflight.prepare(plan, stack, descriptor, known, architecture=ARCHITECTURE)
        measured = carry_out(prepared, Fleet(), out, LiveView())
        clock.done("traffic", " with drain and summary")
    clock.done("stack down")
    folder = measured.folder
    code = measured.exit_code
    if not measured.run.interrupted:
        code = code if _bench(folder) else ExitCode.INTERRUPTED
        clock.done("transcode bench")
        deviation = audit_estimate(ESTIMATE, run_dir=folder.path)["deviation"]
        off = "its total is not known" if deviation is None else f"off by {float(deviation):.0%}"
        clock.done("audit", f" of the guide's estimate: {off}, see the report")
    report = write_report(measured)
    clock.done("report")
    if as_json:
        print_json(document_of(measured.summary) | {"run_dir": str(folder.path), "steps_s": clock.taken})
    else:
        print_summary(measured.summary)
    say(f"run folder: {folder.path}")
    say(f"report:     {report}")
    return code


def _bench(folder: RunFolder) -> bool:
    """The bench's table is an extra of the demo: without it the report still stands, and says so.

    False where it was interrupted.
    """
    try:
        with CellProgress() as shown:
            measured = run_bench(
                hear=shown.take,
                media=[MEDIA / name for name in BENCH_MEDIA],
                rendition=BENCH_RENDITIONS,
                rounds=BENCH_ROUNDS,
                raw=folder.benchmark_json,
                no_quality=True,  # VMAF takes as long as the rest
            )
        folder.write_json(folder.bench_json, measured.document)
        if measured.exit_code != ExitCode.PASS:
            say("transcode bench: not every cell was measured; bench.json says which")
        return measured.exit_code != ExitCode.INTERRUPTED
    except KeyboardInterrupt:
        say("transcode bench: interrupted before it began")
        return False
    except TidegaugeError as error:
        say(f"transcode bench failed: {error.message}")
        return error.exit_code != ExitCode.INTERRUPTED


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
