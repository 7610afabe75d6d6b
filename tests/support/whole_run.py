"""The folder of a small made-up run with every document that a verb reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.rows import write_rows
from tests.support.run_records import run_record
from tests.support.served import ROOT, write_plan, write_stack
from tidegauge.edge_record import EdgeCheck, Mismatch
from tidegauge.plan import load_plan
from tidegauge.records import Outcome, Sample
from tidegauge.results.audit import audit_estimate
from tidegauge.results.measure import measure
from tidegauge.run_record import FatalEvent, Part, StoppedBy, WorkerShare
from tidegauge.stack import load_stack
from tidegauge.store import RunFolder
from tidegauge.stored import document_of
from tidegauge.summary import CacheTally

RATE, DURATION_S = 10, 4
ESTIMATE = """name = "small"
[scenario]
views_per_month = 2_000_000
[scenario.flows]
ping = "views_per_month"
[[line]]
id = "api"
service = "apigateway"
unit = "http_request"
formula = "views_per_month × $1.00 / 1M"
"""


def whole_run(path: Path) -> RunFolder:
    """A run of 40 requests with objectives, behaviours and fixed hours, an edge check and an audit."""
    path.mkdir()
    objectives = "[objectives.total]\np50_ms = 50\nerror_ratio = 0.2\n"
    plan_file = write_plan(path, rate=RATE, duration_s=DURATION_S, tail=objectives)
    stack_file = write_stack(
        path, "http://127.0.0.1:9", extra='[[behaviour]]\npath_pattern = "/*"\nttl_s = 60\n'
    )
    folder = RunFolder.create(path / "run")
    folder.reserve.unlink()
    run = run_record(
        load_plan(plan_file),
        load_stack(stack_file),
        endpoints=(("ping", "GET /ping"),),
        architecture=str(ROOT / "infra_under_test" / "estimates" / "as_seed"),
        interrupted=True,
        stopped_by=StoppedBy(guard="alarms", detail="the alarm Backlog is on"),
        died=(0,),
        fatal=(FatalEvent(cause="writer_failed", detail="the writer ended"),),
        notes=("a note",),
        parts=(Part(name="edge (nginx)", version="1.31.3"),),
        workers=(WorkerShare(process=0, host="there", clock_offset_s=0.1, clock_uncertainty_s=0.001),),
    )
    folder.write_run(run)
    arrivals = range(RATE * DURATION_S)
    write_rows(folder, "outcomes", 0, 0, [Outcome(arrival, 0, True, None) for arrival in arrivals])
    write_rows(folder, "samples", 0, 0, [_sample(arrival) for arrival in arrivals])
    measure(folder)
    folder.write_json(folder.edge_json, document_of(_edge_check()))
    estimate = path / "estimate.toml"
    estimate.write_text(ESTIMATE, encoding="utf-8")
    audit_estimate(estimate, run_dir=folder.path)
    return folder


def read(path: Path) -> Any:
    """The document at `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def _sample(arrival: int) -> Sample:
    due = (arrival + 1) / RATE
    return Sample(
        intended_s=due, sent_s=due, first_byte_s=due + 0.01, done_s=due + 0.02, connect_s=0.001, tls_s=None,
        process=0, session=arrival, step=0, flow="ping", endpoint="GET /ping", status=200,
        cause=None if arrival % 9 else "status", sent_bytes=0, received_bytes=2, cache="hit", age_s=None,
        pop="FRA56-P3", request_id=f"id-{arrival}", url_path="/ping", base="api",
    )  # fmt: skip


def _edge_check() -> EdgeCheck:
    tally = CacheTally(
        hit=40, refresh_hit=0, miss=0, error=0, none=0, hit_ratio_by_request=1.0, hit_ratio_by_byte=1.0
    )
    differs = Mismatch(request_id="id-1", url_path="/ping", client="hit", edge="miss")
    return EdgeCheck(
        joined=40, client_only=0, edge_only=0, without_id=0, mismatches=1, mismatched=(differs,),
        torn_lines=0, agree=False, edge=tally, client=tally,
    )  # fmt: skip
