"""A run folder's rows to its summary, verdict and the files for machines; every stage can run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd
import pyarrow as pa

from tidegauge.analysis.objectives import judge_objectives
from tidegauge.analysis.summary import summarise
from tidegauge.analysis.verdict import FATAL_CAUSES, decide, loosened
from tidegauge.cli.junit import junit_xml, summary_markdown
from tidegauge.cli.spend import cost_of_run
from tidegauge.documents import parse
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import Plan, Validity, stored_plan
from tidegauge.records import SCHEMA_VERSION
from tidegauge.stack import Stack
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import Schedule, make_schedule

EXIT_CODES = {
    "PASS": ExitCode.PASS,
    "FAIL": ExitCode.FAIL,
    "INCONCLUSIVE": ExitCode.INCONCLUSIVE,
    "INVALID": ExitCode.INVALID,
}


def exit_code(summary: Mapping[str, Any], run: Mapping[str, Any]) -> ExitCode:
    """The verdict's exit code; 130 for an interrupted run."""
    return ExitCode.INTERRUPTED if run["interrupted"] else EXIT_CODES[summary["verdict"]]


def merge_arrivals(folder: RunFolder, run: Mapping[str, Any], plan: Plan) -> None:
    """Writes arrivals.parquet: every intended session, and what the generators said became of it.

    An arrival without an outcome is `lost`, and so is one that a process sent and then died with.
    """
    assets, processes = run["assets"], run["processes"]
    endpoints: dict[str, str] = {}
    for flow, endpoint in run["endpoints"]:
        endpoints.setdefault(flow, endpoint)
    schedule = make_schedule(plan, assets)
    outcomes, _torn = folder.read_rows("outcomes")
    sessions = folder.read_rows("samples")[0]["session"].to_pandas()
    told = outcomes.to_pandas().drop_duplicates("arrival").set_index("arrival").reindex(range(len(schedule)))
    frame = pd.DataFrame(
        {
            "index": range(len(schedule)),
            "intended_s": schedule.intended_s,
            "flow": _flows(schedule),
            "asset": pd.array(schedule.asset_rank if assets else [None] * len(schedule), dtype="Int64"),
            "process": [index % processes for index in range(len(schedule))],
            "sent": told["sent"].fillna(False).astype(bool).to_numpy(),
            "cause": told["cause"].where(told["sent"].notna(), "lost").to_numpy(),
        }
    )
    died_with = frame["sent"] & frame["process"].isin(run.get("died", [])) & ~frame["index"].isin(sessions)
    frame["sent"] &= ~died_with
    frame["cause"] = frame["cause"].mask(died_with, "lost")
    frame["endpoint"] = frame["flow"].map(endpoints)
    folder.write_table(folder.arrivals, pa.Table.from_pandas(frame, preserve_index=False))
    folder.remove_parts("outcomes")


def check_measured(folder: RunFolder, run: Mapping[str, Any], exit_code: ExitCode = ExitCode.USAGE) -> None:
    """Refuses a run that was interrupted before its window began."""
    start_s, end_s = run["window"]["start_s"], run["window"]["end_s"]
    if end_s <= start_s:
        raise TidegaugeError(
            f"interrupted before anything was to be measured (warm-up: {start_s:g} s)",
            f"what was sent until then is in {folder.path}",
            exit_code,
        )


def measure(folder: RunFolder) -> dict[str, Any]:
    """summary.json, junit.xml and summary.md from what the folder holds; returns the summary."""
    run = folder.read_json(folder.run_json)
    check_measured(folder, run)
    plan = stored_plan(run["plan"])
    stack = parse(Stack, run["stack"], "run.json")
    if not folder.arrivals.exists():
        merge_arrivals(folder, run, plan)
    samples, health, arrivals = read_frames(folder, run)
    window = run["window"]
    measured = summarise(
        samples,
        arrivals,
        warmup_s=window["start_s"],
        end_s=window["end_s"],
        flows=list(plan.shares),
        endpoints=[(flow, endpoint) for flow, endpoint in run["endpoints"]],
        behaviours=stack.behaviour,
        health=health,
        lag_ms_p99_max=plan.validity.lag_ms_p99_max,
    )
    objectives = judge_objectives(
        plan.objectives, samples, arrivals, warmup_s=window["start_s"], end_s=window["end_s"]
    )
    total: Any = measured["total"]
    flow_rows: Any = measured["flows"]
    generator: Any = measured["generator"]
    verdict, reasons = decide(
        generator=generator,
        failures_by_cause=total["failures_by_cause"],
        objectives=objectives,
        limits=plan.validity,
        fatal_causes=list(dict.fromkeys(fatal["cause"] for fatal in run["fatal"])),
    )
    unnamed = [fatal["detail"] for fatal in run["fatal"] if fatal["cause"] not in FATAL_CAUSES]
    cost, usage = cost_of_run(folder, run, stack, samples, flow_rows)
    summary = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run["run_id"],
        "verdict": verdict,
        "reasons": [*reasons, *unnamed],
        "interrupted": run["interrupted"],
        **measured,
        "drain_s": _drain_s(samples, window["end_s"]),
        "edge_locations": {str(pop): int(count) for pop, count in samples["pop"].value_counts().items()},
        "objectives": objectives,
        "validity": asdict(plan.validity),
        "looser_validity": loosened(plan.validity, Validity()),
        "cost": cost,
    }
    folder.write_json(folder.usage_json, usage)
    folder.write_json(folder.summary_json, summary)
    folder.write_text(folder.junit_xml, junit_xml(summary))
    folder.write_text(folder.summary_md, summary_markdown(summary))
    return summary


def _drain_s(samples: pd.DataFrame, end_s: float) -> float | None:
    """How long the last request finished after the last phase; null without a request."""
    return max(float(samples["done_s"].max()) - end_s, 0.0) if len(samples) else None


def read_frames(folder: RunFolder, run: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Samples, health and arrivals; of an interrupted run, those until then."""
    samples = folder.read_rows("samples")[0].to_pandas()
    health = folder.read_rows("health")[0].to_pandas()
    arrivals = folder.read_table(folder.arrivals).to_pandas()
    if run["interrupted"]:
        arrivals = arrivals[arrivals["intended_s"] <= run["window"]["end_s"]]
    return samples, health, arrivals


def _flows(schedule: Schedule) -> list[str]:
    return [schedule.flows[number] for number in schedule.flow_index]
