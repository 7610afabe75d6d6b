"""Where the figures come from: the generator's health, the machine, the versions, the plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells
from reports.report_data import ReportData, ValidityLimit

NOT_RECORDED = "not recorded"
LOCAL_WORKER = "Worker of the local stack"

GENERATOR_COLUMNS = (
    Column(label="Measure", meaning="What was watched at the generator itself.", numeric=False),
    Column(label="Observed", meaning="What the run showed within its window."),
    Column(label="Limit", meaning="Beyond this the run is INVALID; n/a where there is no limit."),
    Column(label="State", meaning="Whether it stayed within its limit.", numeric=False),
)
LIMITS = {
    "cpu_ratio_max": "Busiest generator process, highest 10-s mean, of one core",
    "lag_ms_p99_max": "Lag P99: actual minus intended sending",
    "lost_ratio_max": "Arrivals lost with a dead worker",
}


def generator_table(data: ReportData) -> Table:
    """Rates asked and sent, then each validity threshold beside what was seen."""
    generator = data.summary["generator"]
    facts = (
        ("Sessions asked for", numbers.rate(generator["rate_asked_per_s"])),
        ("Sessions sent", numbers.rate(generator["rate_sent_per_s"])),
        ("Requests sent late", numbers.count(generator["late"])),
        ("Arrivals not sent", numbers.count(generator["unsent"])),
    )
    rows = [Row(cells=cells(name, value, numbers.NOT_AVAILABLE, "")) for name, value in facts]
    rows.extend(_limit_row(limit) for limit in data.validity)
    return Table(
        caption="Generator health",
        columns=GENERATOR_COLUMNS,
        rows=tuple(rows),
        empty="The generator's health was not recorded.",
    )


def _limit_row(limit: ValidityLimit) -> Row:
    is_ratio = "_ratio_" in limit.name
    exact = numbers.exact_percent if is_ratio else _exact_ms
    show = numbers.percent if is_ratio else _ms
    looser = f"looser than the default of {exact(limit.default)}" if limit.looser else ""
    if limit.observed is None:
        observed, state, tone = numbers.NOT_AVAILABLE, NOT_RECORDED, "quiet"
    elif limit.observed > limit.limit:
        observed, state, tone = show(limit.observed), "✕ beyond", "bad"
    else:
        observed, state, tone = show(limit.observed), "✓ within", "good"
    return Row(
        cells=cells(
            Cell(text=LIMITS[limit.name], note=limit.name),
            observed,
            Cell(text=exact(limit.limit), note=looser, tone="unsure" if looser else ""),
            Cell(text=state, tone=tone),
        )
    )


def _ms(value: float) -> str:
    return f"{numbers.milliseconds(value)} ms"


def _exact_ms(value: float) -> str:
    return f"{value:,g} ms"


def facts(data: ReportData) -> tuple[tuple[str, str], ...]:
    """What was measured, on what, from which state: pairs of name and value."""
    run = data.run
    stack, window = run.get("stack") or {}, run.get("window") or {}
    shown = (
        ("Run", _text(run.get("run_id") or data.summary.get("run_id"))),
        ("Started", _text(run.get("started_at"))),
        ("Measured window", _window(window)),
        ("Seed", _text(run.get("seed"))),
        ("Stack", _text(stack.get("name"))),
        ("API", _text(stack.get("api_url"))),
        ("CDN", _text(stack.get("cdn_url"))),
        (LOCAL_WORKER, _worker(stack.get("local") or {})),
        ("Cache before the run", _text(run.get("cache_state_before"))),
        ("Protocol", f"HTTP/1.1, connections {_text(run.get('connections'))}"),
        ("Machine of the generator", _machine(run.get("machine") or {})),
        ("Git commit", _text(run.get("git_commit"))),
    )
    return tuple(fact for fact in shown if fact[0] != LOCAL_WORKER or run.get("local"))


def _worker(local: Mapping[str, Any]) -> str:
    vcpu, emulation = local.get("worker_vcpu"), local.get("emulation")
    return f"{'no CPU limit' if vcpu is None else f'{vcpu:g} vCPU'}, emulation: {_text(emulation)}"


def _window(window: Mapping[str, Any]) -> str:
    if window.get("start_s") is None or window.get("end_s") is None:
        return NOT_RECORDED
    length_s = window["end_s"] - window["start_s"]
    return f"{length_s:g} s, from {window['start_s']:g} s to {window['end_s']:g} s of the run"


def _machine(machine: Mapping[str, Any]) -> str:
    cores = machine.get("cores")
    parts = (
        _text(machine.get("cpu_model")),
        f"{cores} cores" if cores is not None else "cores not recorded",
        f"{numbers.memory(machine.get('memory_bytes'))} memory",
        _text(machine.get("os")),
        _text(machine.get("architecture")),
    )
    return ", ".join(parts)


VERSION_COLUMNS = (
    Column(label="Part", meaning="A program or library that took part.", numeric=False),
    Column(label="Version", meaning="As it named itself at the start of the run.", numeric=False),
)


def version_table(data: ReportData) -> Table:
    """Versions of the meter, and of the stack's parts."""
    versions = list((data.run.get("versions") or {}).items())
    parts = [(part["name"], part.get("version")) for part in data.run.get("parts") or ()]
    rows = [Row(cells=cells(str(name), Cell(text=_text(version)))) for name, version in [*versions, *parts]]
    return Table(
        caption="Versions", columns=VERSION_COLUMNS, rows=tuple(rows), empty="No version was recorded."
    )


def plan_text(data: ReportData) -> str:
    """The resolved plan: the text itself, or its JSON."""
    plan = data.run.get("plan")
    if plan is None:
        return NOT_RECORDED
    return plan if isinstance(plan, str) else json.dumps(plan, indent=2, ensure_ascii=False)


def plan_name(data: ReportData) -> str:
    """The plan's name where it is a mapping that has one."""
    plan = data.run.get("plan")
    return str(plan["name"]) if isinstance(plan, Mapping) and plan.get("name") else "load run"


def subtitle(data: ReportData) -> str:
    """The stack, the run and its start in a line."""
    stack = (data.run.get("stack") or {}).get("name")
    return (
        f"stack {_text(stack)} · run {data.summary['run_id']} · started {_text(data.run.get('started_at'))}"
    )


def _text(value: object) -> str:
    return NOT_RECORDED if value is None or value == "" else str(value)
