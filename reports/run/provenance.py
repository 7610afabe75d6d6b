"""Where the figures come from: the generator's health, the machine, the versions, the plan."""

from __future__ import annotations

import json

from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells
from reports.report_data import ReportData, ValidityLimit
from tidegauge.run_record import Machine, MeasuredWindow
from tidegauge.stack import Local
from tidegauge.stored import document_of

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
    generator = data.summary.generator
    facts = (
        ("Sessions asked for", numbers.rate(generator.rate_asked_per_s)),
        ("Sessions sent", numbers.rate(generator.rate_sent_per_s)),
        ("Requests sent late", numbers.count(generator.late)),
        ("Arrivals not sent", numbers.count(generator.unsent)),
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
    stack = run.stack
    shown = (
        ("Run", run.run_id),
        ("Started", run.started_at),
        ("Measured window", _window(run.window)),
        ("Seed", str(run.seed)),
        ("Stack", stack.name),
        ("API", stack.api_url),
        ("CDN", _text(stack.cdn_url)),
        (LOCAL_WORKER, _worker(stack.local)),
        ("Cache before the run", run.cache_state_before),
        ("Protocol", f"HTTP/1.1, connections {run.connections}"),
        ("Machine of the generator", _machine(run.machine)),
        ("Git commit", _text(run.git_commit)),
    )
    return tuple(fact for fact in shown if fact[0] != LOCAL_WORKER or run.local)


def _worker(local: Local | None) -> str:
    vcpu, emulation = (local.worker_vcpu, local.emulation) if local else (None, None)
    return f"{'no CPU limit' if vcpu is None else f'{vcpu:g} vCPU'}, emulation: {_text(emulation)}"


def _window(window: MeasuredWindow) -> str:
    return f"{window.duration_s:g} s, from {window.start_s:g} s to {window.end_s:g} s of the run"


def _machine(machine: Machine) -> str:
    parts = (
        machine.cpu_model,
        "cores not recorded" if machine.cores is None else f"{machine.cores} cores",
        f"{numbers.memory(machine.memory_bytes)} memory",
        machine.os,
        machine.architecture,
    )
    return ", ".join(parts)


VERSION_COLUMNS = (
    Column(label="Part", meaning="A program or library that took part.", numeric=False),
    Column(label="Version", meaning="As it named itself at the start of the run.", numeric=False),
)


def version_table(data: ReportData) -> Table:
    """Versions of the meter, and of the stack's parts."""
    versions = list(data.run.versions.items())
    parts = [(part.name, part.version) for part in data.run.parts]
    rows = [Row(cells=cells(name, Cell(text=_text(version)))) for name, version in [*versions, *parts]]
    return Table(
        caption="Versions", columns=VERSION_COLUMNS, rows=tuple(rows), empty="No version was recorded."
    )


def plan_text(data: ReportData) -> str:
    """The resolved plan as JSON."""
    return json.dumps(document_of(data.run.plan), indent=2, ensure_ascii=False)


def subtitle(data: ReportData) -> str:
    """The stack, the run and its start in a line."""
    return f"stack {data.run.stack.name} · run {data.run.run_id} · started {data.run.started_at}"


def _text(value: object) -> str:
    return NOT_RECORDED if value is None or value == "" else str(value)
