"""The top of the report: the verdict in plain words, the key figures, the objectives."""

from __future__ import annotations

from dataclasses import dataclass

from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells
from reports.report_data import ReportData
from reports.run.sections import has_cache, has_cost
from tidegauge.summary import Figures, JudgedObjective, Quantiles, ShareBounds

TONES = {"PASS": "good", "FAIL": "bad", "INCONCLUSIVE": "unsure", "INVALID": "invalid"}
SENTENCES = {
    "FAIL": "At least one objective is broken: more requests violate it than it allows, beyond chance.",
    "INCONCLUSIVE": "There are too few samples, or too short a run, to say whether every objective holds.",
    "INVALID": "The measurement is not sound: the load generator was at its own limits, or something stood in"
    " its way. The figures below are for finding out why; they say nothing reliable about the stack.",
}
STATES = {
    "holds": ("✓ holds", "good"),
    "broken": ("✕ broken", "bad"),
    "inconclusive": ("? inconclusive", "unsure"),
}
NOT_BROKEN = ("not surely broken", "")  # all that a default objective can be, but broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The verdict as a word, a tone that picks colour and symbol, and the reasons."""

    verdict: str
    tone: str
    sentence: str
    reasons: tuple[str, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One figure of the top row; `note` qualifies it, `exact` is the unrounded value."""

    label: str
    value: str
    note: str
    exact: str = ""


def banner(data: ReportData) -> Banner:
    """What the run says, in a word and in sentences."""
    verdict = data.summary.verdict
    return Banner(
        verdict=verdict,
        tone=TONES[verdict],
        sentence=_sentence(data),
        reasons=data.summary.reasons,
        interrupted=data.run.interrupted,
    )


def _sentence(data: ReportData) -> str:
    verdict, objectives = data.summary.verdict, data.summary.objectives
    if verdict == "FAIL" and not any(row.state == "broken" for row in objectives):
        return "A guard on failures or alarms ended the run: that is the stack's failure."
    if verdict != "PASS":
        return SENTENCES[verdict]
    if all(row.default for row in objectives):
        return "The measurement is sound, and not surely bad. The plan states no objectives that could hold."
    return (
        "The measurement is sound, and every objective holds at 95 % confidence "
        f"({len(objectives)} of {len(objectives)})."
    )


def key_figures(data: ReportData) -> tuple[KeyFigure, ...]:
    """The handful of figures that most readers come for."""
    total = data.summary.total
    return (
        KeyFigure(
            label="Requests",
            value=numbers.count(total.count),
            note=f"{numbers.rate(total.rate_per_s)} in the measured window; {total.stages}",
        ),
        KeyFigure(
            label="Failures",
            value=numbers.percent(total.error_ratio.value),
            note=f"{numbers.count(total.failures)} of {numbers.count(total.count)}"
            + _bounds(total.error_ratio),
        ),
        _quantile_figure("Response P50", total.response_time_ms, "p50"),
        _quantile_figure("Response P99", total.response_time_ms, "p99"),
        *([_cache_figure(total)] if has_cache(data) else []),
        *(_cost_figures(data) if has_cost(data) else ()),
    )


def _bounds(share: ShareBounds) -> str:
    if share.value is None:
        return ""
    return f"; 95 % interval {numbers.percent(share.low)} – {numbers.percent(share.high)}"


def _quantile_figure(label: str, times: Quantiles, name: str) -> KeyFigure:
    interval = numbers.interval_ms(times, name)
    value = times.value(name)
    return KeyFigure(
        label=label,
        value=numbers.NOT_AVAILABLE if value is None else f"{numbers.milliseconds(value)} ms",
        note=f"95 % interval {interval} ms" if interval else _support(times, name),
        exact="" if value is None else f"{value} ms",
    )


def _support(times: Quantiles, name: str) -> str:
    support = times.unsupported.get(name)
    return f"{support} samples that it needs" if support else "no sample"


def _cache_figure(total: Figures) -> KeyFigure:
    by_request, by_byte = total.cache.hit_ratio_by_request, total.cache.hit_ratio_by_byte
    nothing = by_request is None
    return KeyFigure(
        label="Cache hits",
        value=numbers.percent(by_request),
        note="nothing cacheable was asked for"
        if nothing
        else f"by request{_bounds(total.hit_ratio)}; {numbers.percent(by_byte)} by byte",
    )


def _cost_figures(data: ReportData) -> tuple[KeyFigure, ...]:
    cost = data.summary.cost
    kinds = (
        ("Marginal", cost.marginal_per_1k_requests, cost.marginal_doubt),
        ("Loaded", cost.loaded_per_1k_requests, cost.loaded_doubt),
    )
    return tuple(
        KeyFigure(
            label=f"{kind} cost",
            value=("≥ " if kind == "Loaded" and value and not cost.complete else "") + numbers.money(value),
            note="see the reason under cost"
            if value is None
            else "per 1,000 answered requests" + (f", {doubt}" if doubt else ""),
            exact=numbers.exact_money(value),
        )
        for kind, value, doubt in kinds
    )


OBJECTIVE_COLUMNS = (
    Column(
        label="Objective",
        meaning="What the plan asks for: an endpoint, a flow's requests, a flow's sessions or all requests,"
        " and the limit. A failed or unsent request is over every time limit. A plan without objectives is"
        " held to a default: FAIL where surely more than 1 % of the requests or sessions failed.",
        numeric=False,
    ),
    Column(
        label="State",
        meaning="Whether it holds, is broken, or is inconclusive, at 95 % confidence.",
        numeric=False,
    ),
    Column(
        label="Judged",
        meaning="Requests, or sessions, that the objective looks at; below it how many independent ones they"
        " are worth, since those that wait in one queue are late together. The bounds are at that number.",
    ),
    Column(label="Violations", meaning="How many of them failed, were not sent, or were over the limit."),
    Column(label="Observed", meaning="Violations as a share of those judged."),
    Column(label="Allowed", meaning="The share that may violate the limit: 1 % for a P99."),
    Column(
        label="True share",
        meaning="One-sided 95 % Clopper-Pearson bounds of the violating share; the lower one is corrected for"
        " the number of objectives (Holm). The objective holds when the upper one is at most what is allowed,"
        " and is broken when the lower one is above.",
    ),
)


def objectives_table(data: ReportData) -> Table:
    """A row an objective, in the plan's order."""
    return Table(
        caption="Objectives",
        columns=OBJECTIVE_COLUMNS,
        rows=tuple(_objective_row(row) for row in data.summary.objectives),
        empty="The plan states no objectives.",
    )


def _objective_row(row: JudgedObjective) -> Row:
    text, tone = STATES[row.state] if not row.default or row.state == "broken" else NOT_BROKEN
    bounds = f"{numbers.percent(row.lower)} – {numbers.percent(row.upper)}"
    return Row(
        cells=cells(
            Cell(text=row.target, note=_limit(row) + (" (default)" if row.default else ""), tone="code"),
            Cell(text=text, tone=tone),
            Cell(text=numbers.count(row.n), note=f"worth {numbers.count(row.effective_n)}"),
            numbers.count(row.violations),
            numbers.percent(row.observed_ratio),
            numbers.exact_percent(row.allowed_ratio),
            numbers.NOT_AVAILABLE if row.upper is None else bounds,
        )
    )


def _limit(row: JudgedObjective) -> str:
    if row.limit_ratio is not None:
        return f"at most {numbers.exact_percent(row.limit_ratio)} failed or unsent"
    digits = row.objective.removeprefix("p").removesuffix("_ms")
    name = f"P{digits[:2]}.{digits[2:]}" if len(digits) > 2 else f"P{digits}"
    return f"{name} at most {row.limit:,g} ms"
