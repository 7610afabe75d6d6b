"""The command line: joins the rooms."""

from __future__ import annotations

import importlib
import sys

import click

from tidegauge.cli.output import fail
from tidegauge.cli.signals import stop_as_on_ctrl_c
from tidegauge.errors import ExitCode, TidegaugeError

VERBS = {  # verb: (module, attribute); loaded when called, so that --help is quick
    "demo": ("demo", "demo_command"),
    "stack": ("stack", "stack_group"),
    "catalogue": ("catalogue", "catalogue_group"),
    "doctor": ("doctor", "doctor_command"),
    "run": ("run", "run_command"),
    "worker": ("worker", "worker_command"),
    "report": ("report", "report_command"),
    "collect": ("collect", "collect_command"),
    "workload": ("workload", "workload_group"),
    "bench": ("bench", "bench_group"),
    "cost": ("cost", "cost_group"),
}


class LazyGroup(click.Group):
    """Verbs whose modules are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module, attribute = VERBS[cmd_name]
        command = getattr(importlib.import_module(f"tidegauge.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="tidegauge")
def tidegauge() -> None:
    """Load tests, transcode benchmarks and cost per request for a media-distribution stack.

    Start with `tidegauge demo`: a real local stack, mixed traffic, a transcode bench and an HTML report.
    """


def main() -> None:
    """Entry point: usage errors get the same form as all others, in JSON where asked for."""
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
