"""The report's section on what the run cost: by flow and service, over the rate, and line by line."""

from __future__ import annotations

from dataclasses import dataclass

from reports.cost.curve import Curve, loaded_curve
from reports.cost.flows import flow_bars, flow_table
from reports.cost.lines import (
    cost_lines,
    covered_table,
    fixed_table,
    uncounted_table,
    unpriced_resource_table,
)
from reports.cost.sources import Source, Sources
from reports.drawing import numbers
from reports.drawing.bars import Bars
from reports.drawing.tables import Table
from reports.report_data import ReportData
from tidegauge import cost_record

ROWS_OPEN_MAX = 20  # a longer table of lines waits behind a click


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """One of the two costs per 1,000 answered requests, or why it is not known."""

    name: str
    value: str
    exact: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSection:
    """All that the section shows."""

    parts: tuple[CostPart, ...]
    counts: str
    prices: str
    bars: Bars | None
    flows: Table
    curve: Curve | None
    lines: Table
    lines_open: bool
    fixed: Table
    unpriced: Table
    covered: Table
    assumptions: tuple[str, ...]
    uncounted: Table
    sources: tuple[Source, ...]  # the whole report's


def cost_section(data: ReportData, sources: Sources) -> CostSection:
    """The section; where a cost is not known it says why."""
    cost = data.summary.cost
    lines = cost_lines(data, sources)
    dated = cost.prices_dated or "not recorded"
    return CostSection(
        parts=cost_parts(data),
        counts=_counts(cost),
        prices=f"{cost.currency}, dated {dated}, list price, no free tier",
        bars=flow_bars(data),
        flows=flow_table(data, sources),
        curve=loaded_curve(data),
        lines=lines,
        lines_open=len(lines.rows) <= ROWS_OPEN_MAX,
        fixed=fixed_table(data, sources),
        unpriced=unpriced_resource_table(data),
        covered=covered_table(data),
        assumptions=cost.assumptions,
        uncounted=uncounted_table(cost.unknown),
        sources=sources.listed,
    )


def _counts(cost: cost_record.CostSection) -> str:
    """What the costs are of, beside what was asked."""
    asked, sent, answered = map(numbers.count, (cost.requests, cost.requests_sent, cost.requests_answered))
    return f"{answered} answered of {sent} sent and {asked} asked; costs are per answered request"


def _least(cost: cost_record.CostSection, kind: str) -> str:
    """What stands before a loaded cost that lacks a part of the architecture."""
    is_partial = kind == "Loaded" and cost.loaded_per_1k_requests is not None and not cost.complete
    return "at least " if is_partial else ""


def cost_parts(data: ReportData) -> tuple[CostPart, ...]:
    """Marginal and loaded cost per 1,000 answered client requests of the whole run."""
    cost = data.summary.cost
    kinds = (
        ("Marginal", cost.marginal_per_1k_requests, cost.marginal_reason, cost.marginal_doubt),
        ("Loaded", cost.loaded_per_1k_requests, cost.loaded_reason, cost.loaded_doubt),
    )
    return tuple(
        CostPart(
            name=f"{kind} cost per 1,000 answered requests",
            value=_least(cost, kind)
            + numbers.money(value)
            + cost_record.in_brackets("" if value is None else doubt),
            exact=numbers.exact_money(value),
            reason="" if value is not None else reason or "no reason was recorded",
        )
        for kind, value, reason, doubt in kinds
    )
