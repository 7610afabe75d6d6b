"""The command line: joins the rooms."""

from __future__ import annotations

import sys

import click

from tidegauge.cli.lazy import LazyGroup
from tidegauge.cli.output import fail
from tidegauge.conduct.signals import stop_as_on_ctrl_c
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.house import put_on_path

VERBS = {
    "demo": "tidegauge.cli.demo:demo_command",
    "init": "tidegauge.cli.init:init_command",
    "stack": "tidegauge.cli.stack:stack_group",
    "catalogue": "tidegauge.cli.catalogue:catalogue_group",
    "doctor": "tidegauge.cli.doctor:doctor_command",
    "run": "tidegauge.cli.run:run_command",
    "worker": "tidegauge.cli.worker:worker_command",
    "report": "tidegauge.cli.report:report_command",
    "collect": "tidegauge.cli.collect:collect_command",
    "workload": "tidegauge.cli.workload:workload_group",
    "bench": "tidegauge.cli.bench:bench_group",
    "cost": "tidegauge.cli.cost:cost_group",
}


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="tidegauge")
def tidegauge() -> None:
    """Load tests, transcode benchmarks and cost per request for a media-distribution stack.

    Start with `tidegauge demo`: a real local stack, mixed traffic, a transcode bench and an HTML report.
    Or with `tidegauge init`: a plan, a stack descriptor and a flow of your own, for a stack that is up.
    """


def main() -> None:
    """Entry point: usage errors get the same form as all others, in JSON where asked for."""
    put_on_path()
    as_json = "--json" in sys.argv
    stop_as_on_ctrl_c()
    try:
        tidegauge.main(prog_name="tidegauge", standalone_mode=False)
    except click.UsageError as error:
        hint = f"see {error.ctx.command_path} --help" if error.ctx else "see tidegauge --help"
        sys.exit(fail(TidegaugeError(error.format_message(), hint), as_json=as_json))
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        sys.exit(
            fail(TidegaugeError("interrupted", "nothing was begun", ExitCode.INTERRUPTED), as_json=as_json)
        )
