"""`tidegauge bench …`: the transcode core measured, reported and compared."""

from __future__ import annotations

import click

from tidegauge.cli.lazy import LazyGroup

VERBS = {
    "transcode": "tidegauge.cli.bench.transcode:transcode_command",
    "profiles": "tidegauge.cli.bench.profiles:profiles_command",
    "report": "tidegauge.cli.bench.report:report_command",
    "compare": "tidegauge.cli.bench.compare:compare_command",
}


@click.group(name="bench", cls=LazyGroup, verbs=VERBS)
def bench_group() -> None:
    """Benchmarks of what the stack runs."""
