"""`tidegauge worker`: this machine's generator processes for a run that another one conducts."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.conduct.addresses import parse_address
from tidegauge.conduct.fleet import JOIN_WAIT_S, program
from tidegauge.conduct.flows import flow_sources, own_flow_files, python_flows
from tidegauge.conduct.launch import Launch, run_generator
from tidegauge.conduct.share import Share, await_master
from tidegauge.engine.role import Role
from tidegauge.errors import ExitCode
from tidegauge.store import RunFolder


@click.command(name="worker")
@click.argument("master", metavar="HOST:PORT")
@click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1, 64),
    help="Generator processes; each counts as one of the master's --workers.",
)  # fmt: skip
@click.option(
    "--exchange", "exchange_here", metavar="PLACE",
    help="The exchange as seen from here, where that differs from the master's.",
)  # fmt: skip
@click.option(
    "--wait", "wait_s", default=JOIN_WAIT_S, show_default=True, type=FiniteRange(1, 86400), metavar="S",
    help="Seconds to wait for the master, and for its run to begin.",
)  # fmt: skip
@click.option(
    "--flows", "flow_files", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help="A flow file that the master's plan names, as it lies here; repeatable.",
)  # fmt: skip
@json_option
def worker_command(
    master: str,
    processes: int,
    exchange_here: str | None,
    wait_s: float,
    flow_files: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Send a share of the run that the master at HOST:PORT conducts (`tidegauge run … --master`).

    The job comes from the master's exchange, and the rows go there as they are made. Versions and flow
    files must be those of the master: no program comes over the wire. Tokens and keys come from this
    machine's own environment. The protocol is neither authenticated nor encrypted, and whoever answers at
    HOST:PORT says where the traffic goes: use it in a private network only.

    \b
    Example: tidegauge worker 10.0.0.5:5557 --processes 2
    """
    target = parse_address(master, None)
    known = python_flows(own_flow_files(flow_files, "--flows"))
    files = sorted({flow.file for flow in known.values()})
    await_master(target, wait_s, say)
    path = Path(tempfile.mkdtemp(prefix="tidegauge-worker-"))
    share = Share(RunFolder(path), exchange_here, say)
    launch = Launch(
        files=files,
        role=Role(joins=True, program=program(flow_sources(files))),
        processes=processes,
        join=target,
    )
    share.bounds.start_s = wait_s
    report = run_generator(share.folder, launch, share.bounds, share.on_event)
    document = share.end(report, path)
    shutil.rmtree(path)
    if as_json:
        print_json(document)
    if report.interrupted_s is not None:
        return int(ExitCode.INTERRUPTED)
    return int(ExitCode.PASS if report.finished >= set(document["processes"]) else ExitCode.INVALID)
