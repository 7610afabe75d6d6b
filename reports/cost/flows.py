"""Marginal cost of each flow by service, as stacked bars and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from reports.cost.sources import Sources
from reports.drawing import numbers
from reports.drawing.bars import Bar, Bars, Segment
from reports.drawing.tables import Cell, Column, Row, Table, cells, money_cell
from reports.report_data import ReportData
from tidegauge.cost_record import CostLine, CostSection, FlowCost, ServiceCost

COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")
REST = "others"  # the colour of all further services
ALL = "All flows"
FLOW_COLUMNS = (
    Column(label="Flow", meaning="One kind of session.", numeric=False),
    Column(
        label="Per 1,000 requests",
        meaning="Marginal cost per 1,000 answered HTTP requests of this flow; below it how many that were."
        " The columns on the right of both costs are the parts of this one.",
    ),
    Column(
        label="Per 1,000 sessions",
        meaning="Marginal cost per 1,000 sessions of this flow that were answered to their end.",
    ),
)


def flow_table(data: ReportData, sources: Sources) -> Table:
    """Marginal cost a flow, and each service's part of it per 1,000 requests."""
    cost = data.summary.cost
    services, lines = _services(cost), cost.lines
    rows = [_flow_row(row, services, lines, sources) for row in cost.by_flow]
    if rows and services:
        rows.append(_whole_row(cost, services, lines, sources))
    return Table(
        caption="Marginal cost by flow",
        columns=(
            *FLOW_COLUMNS,
            *(
                Column(label=name, meaning=f"What {name} costs per 1,000 answered requests.")
                for name in services
            ),
        ),
        rows=tuple(rows),
        empty="No cost by flow is known.",
    )


def _flow_row(row: FlowCost, services: Sequence[str], lines: Sequence[CostLine], sources: Sources) -> Row:
    own = [line for line in lines if line.flow == row.flow]
    known = (
        _of(row.per_1k_requests, row.requests_answered, row.requests),
        _of(row.per_1k_sessions, row.sessions_answered, row.sessions),
    )
    name = Cell(text=row.flow, note=row.reason or "")
    return Row(cells=cells(name, *known, *_parts(row.by_service, services, own, sources)))


def _of(usd: str | None, answered: int, asked: int) -> Cell:
    """A cost and what it is of."""
    return replace(money_cell(usd), note=f"{numbers.count(answered)} of {numbers.count(asked)}")


def _whole_row(
    cost: CostSection, services: Sequence[str], lines: Sequence[CostLine], sources: Sources
) -> Row:
    shared = any(line.flow is None for line in lines)
    name = Cell(text=ALL, note="with what no flow caused alone" if shared else "")
    whole = _of(cost.marginal_per_1k_requests, cost.requests_answered, cost.requests)
    return Row(kind="total", cells=cells(name, whole, "", *_parts(cost.by_service, services, lines, sources)))


def _parts(
    parts: Sequence[ServiceCost], services: Sequence[str], lines: Sequence[CostLine], sources: Sources
) -> list[Cell]:
    """A service's part in each column; a dash where the flow does not use it."""
    spent = _by_service(parts)
    found = []
    for name in services:
        own = [line for line in lines if line.service == name]
        amount = spent.get(name)
        found.append(
            Cell(text="–", tone="quiet")
            if amount is None
            else Cell(text=numbers.money(amount), exact=numbers.exact_money(amount), sources=sources.of(own))
        )
    return found


def flow_bars(data: ReportData) -> Bars | None:
    """A bar a flow on one scale, a service a colour; None where the parts are not known."""
    cost = data.summary.cost
    services = _services(cost)
    tones = dict(zip(services, COLOURS, strict=False))
    rows = [(row.flow, row.per_1k_requests, row.by_service) for row in cost.by_flow]
    rows.append((ALL, cost.marginal_per_1k_requests, cost.by_service))
    known = [(name, Decimal(whole), parts) for name, whole, parts in rows if whole is not None]
    longest = max((whole for _, whole, _ in known), default=Decimal(0))
    if not services or not longest:
        return None
    return Bars(
        title="Marginal cost by flow and service",
        unit="USD per 1,000 answered requests",
        rows=tuple(
            _bar(name, whole, _segments(parts, services, tones, longest)) for name, whole, parts in known
        ),
        legend=(
            *((tone, name) for name, tone in tones.items()),
            *([(REST, ", ".join(services[len(tones) :]))] if len(services) > len(tones) else []),
        ),
    )


def _bar(name: str, whole: Decimal, segments: tuple[Segment, ...]) -> Bar:
    exact = str(whole)
    return Bar(name=name, segments=segments, value=numbers.money(exact), exact=numbers.exact_money(exact))


def _segments(
    parts: Sequence[ServiceCost], services: Sequence[str], tones: Mapping[str, str], longest: Decimal
) -> tuple[Segment, ...]:
    spent = _by_service(parts)
    return tuple(
        Segment(
            share=float(Decimal(spent[name]) / longest),
            tone=tones.get(name, REST),
            title=f"{name}: {numbers.exact_money(spent[name])}",
        )
        for name in services
        if Decimal(spent.get(name, "0"))
    )


def _services(cost: CostSection) -> list[str]:
    """The services that cost anything, the dearest of the whole run first."""
    parts = (cost.by_service, *(row.by_service for row in cost.by_flow))
    spent = [part for each in parts for part in _by_service(each).items()]
    return list(dict.fromkeys(name for name, amount in spent if Decimal(amount)))


def _by_service(parts: Sequence[ServiceCost]) -> dict[str, str]:
    return {part.service: part.per_1k_requests for part in parts if part.per_1k_requests is not None}
