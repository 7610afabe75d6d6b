"""A run folder's rows to its summary, verdict and the files for machines; every stage can run again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tidegauge.analysis.objectives import judge_objectives
from tidegauge.analysis.observed import Observed, observe
from tidegauge.analysis.summary import summarise
from tidegauge.analysis.traffic import Traffic
from tidegauge.analysis.verdict import FATAL_CAUSES, STACK_GUARDS, cut_short, decide, loosened
from tidegauge.documents import parse
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import Validity, stored_plan
from tidegauge.records import SCHEMA_VERSION
from tidegauge.results.frames import Frames, read_frames
from tidegauge.results.junit import junit_xml, summary_markdown
from tidegauge.results.spend import cost_of_run
from tidegauge.stack import Stack
from tidegauge.store import RunFolder

EXIT_CODES = {
    "PASS": ExitCode.PASS,
    "FAIL": ExitCode.FAIL,
    "INCONCLUSIVE": ExitCode.INCONCLUSIVE,
    "INVALID": ExitCode.INVALID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run whose rows were read and observed once: its summary, and what the report draws beside it."""

    folder: RunFolder
    run: Mapping[str, Any]  # run.json
    summary: dict[str, Any]  # summary.json
    frames: Frames
    observed: Observed

    @property
    def exit_code(self) -> ExitCode:
        """The verdict's exit code; 13 for a run that a guard of ours ended, 130 for an interrupted one."""
        by_verdict = EXIT_CODES[self.summary["verdict"]]
        tripped = self.run.get("stopped_by")
        if tripped is not None:
            return by_verdict if tripped["guard"] in STACK_GUARDS else ExitCode.REFUSED
        return ExitCode.INTERRUPTED if self.run["interrupted"] else by_verdict


def check_measured(folder: RunFolder, run: Mapping[str, Any], exit_code: ExitCode = ExitCode.USAGE) -> None:
    """Refuses a run that was interrupted before its window began."""
    start_s, end_s = run["window"]["start_s"], run["window"]["end_s"]
    if end_s <= start_s:
        tripped = run.get("stopped_by")
        ended = f"ended by a guard ({tripped['detail']})" if tripped else "interrupted"
        raise TidegaugeError(
            f"{ended} before anything was to be measured (warm-up: {start_s:g} s)",
            f"what was sent until then is in {folder.path}",
            exit_code,
        )


def measure(folder: RunFolder) -> Measured:
    """summary.json, junit.xml and summary.md from what the folder holds."""
    run = folder.read_json(folder.run_json)
    check_measured(folder, run)
    plan = stored_plan(run["plan"])
    stack = parse(Stack, run["stack"], "run.json")
    frames = read_frames(folder, run, plan, stack)
    traffic, observed = frames.traffic, observe(frames.traffic, frames.arrivals)
    figures = summarise(
        observed,
        flows=list(plan.flow_names),
        endpoints=[(flow, endpoint) for flow, endpoint in run["endpoints"]],
        behaviours=stack.behaviour,
        health=frames.health,
        lag_ms_p99_max=plan.validity.lag_ms_p99_max,
    )
    objectives = judge_objectives(plan.objectives, observed)
    total: Any = figures["total"]
    flow_rows: Any = figures["flows"]
    generator: Any = figures["generator"]
    verdict, reasons = decide(
        generator=generator,
        failures_by_cause=total["failures_by_cause"],
        objectives=objectives,
        limits=plan.validity,
        fatal_causes=list(dict.fromkeys(fatal["cause"] for fatal in run["fatal"])),
    )
    if run.get("stopped_by"):
        verdict, reasons = cut_short(
            verdict, reasons, run["stopped_by"]["guard"], run["stopped_by"]["detail"]
        )
    unnamed = [fatal["detail"] for fatal in run["fatal"] if fatal["cause"] not in FATAL_CAUSES]
    cost, usage = cost_of_run(folder, run, stack, traffic, flow_rows)
    summary = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run["run_id"],
        "verdict": verdict,
        "reasons": [*reasons, *unnamed],
        "interrupted": run["interrupted"],
        "stopped_by": run.get("stopped_by"),
        "samples": plan.samples,
        "notes": frames.notes,
        **figures,
        "drain_s": _drain_s(traffic),
        "edge_locations": _edge_locations(traffic),
        "objectives": objectives,
        "validity": asdict(plan.validity),
        "looser_validity": loosened(plan.validity, Validity()),
        "cost": cost,
    }
    folder.write_json(folder.usage_json, usage)
    folder.write_json(folder.summary_json, summary)
    folder.write_text(folder.junit_xml, junit_xml(summary))
    folder.write_text(folder.summary_md, summary_markdown(summary))
    return Measured(folder=folder, run=run, summary=summary, frames=frames, observed=observed)


def _drain_s(traffic: Traffic) -> float | None:
    """How long the last request finished after the last phase; null without a request."""
    last_s = traffic.last_done_s
    return None if last_s is None else max(last_s - traffic.window.end_s, 0.0)


def _edge_locations(traffic: Traffic) -> dict[str, int]:
    """Answers by edge location, the most frequent first."""
    sums = traffic.requests.groupby("pop", observed=True)["count"].sum().sort_values(ascending=False)
    return {str(pop): int(count) for pop, count in sums.items()}
