"""A run folder's rows to its summary, verdict and the files for machines; every stage can run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegauge.analysis.agreement import ProcessArrivals
from tidegauge.analysis.objectives import judge_objectives
from tidegauge.analysis.observed import Observed, observe
from tidegauge.analysis.stall_advice import stall_advice
from tidegauge.analysis.summary import WindowFigures, summarise
from tidegauge.analysis.traffic import Traffic
from tidegauge.analysis.verdict import FATAL_CAUSES, STACK_GUARDS, CutShort, decide, loosened
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import Plan, Validity
from tidegauge.results.agreement import disagreements
from tidegauge.results.arrivals import read_arrivals
from tidegauge.results.frames import Frames, read_frames
from tidegauge.results.junit import junit_xml
from tidegauge.results.markdown import summary_markdown
from tidegauge.results.scratch import Scratch
from tidegauge.results.spend import cost_of_run
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder
from tidegauge.summary import JudgedObjective, Summary, Verdict

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
    run: RunRecord
    summary: Summary
    frames: Frames
    observed: Observed

    @property
    def exit_code(self) -> ExitCode:
        """The verdict's exit code; 13 for a run that a guard of ours ended, 130 for an interrupted one."""
        by_verdict = EXIT_CODES[self.summary.verdict]
        tripped = self.run.stopped_by
        if tripped is not None:
            return by_verdict if tripped.guard in STACK_GUARDS else ExitCode.REFUSED
        return ExitCode.INTERRUPTED if self.run.interrupted else by_verdict


def check_measured(folder: RunFolder, run: RunRecord, exit_code: ExitCode = ExitCode.USAGE) -> None:
    """Refuses a run that was interrupted before its window began."""
    if run.window.duration_s <= 0:
        ended = f"ended by a guard ({run.stopped_by.detail})" if run.stopped_by else "interrupted"
        raise TidegaugeError(
            f"{ended} before anything was to be measured (warm-up: {run.window.start_s:g} s)",
            f"what was sent until then is in {folder.path}",
            exit_code,
        )


def measure(folder: RunFolder) -> Measured:
    """summary.json, junit.xml and summary.md from what the folder holds."""
    run = folder.read_run()
    check_measured(folder, run)
    keep = Scratch().keep
    frames = read_frames(folder, run, keep)
    seen = ProcessArrivals()
    observed = observe(frames.traffic, read_arrivals(folder, run, seen), keep)
    unlike = disagreements(folder, run, frames, observed, seen)
    summary, usage = _summary(folder, run, frames, observed, unlike)
    folder.write_json(folder.usage_json, usage)
    folder.write_summary(summary)
    folder.write_text(folder.junit_xml, junit_xml(summary))
    folder.write_text(folder.summary_md, summary_markdown(summary))
    return Measured(folder=folder, run=run, summary=summary, frames=frames, observed=observed)


def _summary(
    folder: RunFolder, run: RunRecord, frames: Frames, observed: Observed, unlike: Sequence[str]
) -> tuple[Summary, dict[str, object]]:
    """The summary, and the usage document behind its cost; `unlike`: where the rows contradict each other."""
    figures = summarise(
        observed,
        flows=run.plan.flow_names,
        endpoints=run.endpoints,
        behaviours=run.stack.behaviour,
        health=frames.health,
        lag_ms_p99_max=run.plan.validity.lag_ms_p99_max,
    )
    objectives = judge_objectives(run.plan.objectives, observed, timeout_s=_timeout_s(run.plan))
    verdict, reasons = _judge(run, figures, objectives, unlike)
    cost, usage = cost_of_run(folder, run, frames.traffic, figures.flows)
    summary = Summary(
        run_id=run.run_id,
        verdict=verdict,
        reasons=tuple(reasons),
        interrupted=run.interrupted,
        stopped_by=run.stopped_by,
        samples=run.plan.samples,
        notes=tuple(frames.notes),
        total=figures.total,
        flows=figures.flows,
        endpoints=figures.endpoints,
        behaviours=figures.behaviours,
        generator=figures.generator,
        drain_s=_drain_s(frames.traffic),
        edge_locations=_edge_locations(frames.traffic),
        objectives=tuple(objectives),
        advice=tuple(stall_advice(run.plan.objectives, run.endpoints)),
        validity=run.plan.validity,
        looser_validity=tuple(loosened(run.plan.validity, Validity())),
        cost=cost,
    )
    return summary, usage


def _judge(
    run: RunRecord,
    figures: WindowFigures,
    objectives: Sequence[JudgedObjective],
    unlike: Sequence[str],
) -> tuple[Verdict, list[str]]:
    """The verdict and its reasons; last the generator's own words where a fatal cause has no sentence."""
    verdict, reasons = decide(
        generator=figures.generator,
        requests=figures.total.count,
        failures_by_cause=figures.total.failures_by_cause,
        objectives=objectives,
        limits=run.plan.validity,
        fatal_causes=[fatal.cause for fatal in run.fatal],
        disagreements=unlike,
        cut_short=_cut_short(run),
    )
    return verdict, [*reasons, *(fatal.detail for fatal in run.fatal if fatal.cause not in FATAL_CAUSES)]


def _cut_short(run: RunRecord) -> CutShort | None:
    """How the run ended before its time, if it did."""
    guard = run.stopped_by
    if guard is None and not run.interrupted:
        return None
    return CutShort(
        after_s=run.window.end_s,
        planned_s=run.plan.duration_s,
        guard=None if guard is None else guard.guard,
        detail="" if guard is None else guard.detail,
    )


def _timeout_s(plan: Plan) -> float:
    """The longest that a request of a declared flow may take."""
    own = [step.timeout_s for flow in plan.flow for step in flow.step if step.timeout_s is not None]
    return max([plan.timeout_s, *own])


def _drain_s(traffic: Traffic) -> float | None:
    """How long the last request finished after the last phase; null without a request."""
    last_s = traffic.sessions.last_done_s
    return None if last_s is None else max(last_s - traffic.window.end_s, 0.0)


def _edge_locations(traffic: Traffic) -> dict[str, int]:
    """Answers by edge location, the most frequent first."""
    sums = traffic.requests.groupby("pop", observed=True)["count"].sum().sort_values(ascending=False)
    return {str(pop): int(count) for pop, count in sums.items()}
