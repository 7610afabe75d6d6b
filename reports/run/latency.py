"""Flows and endpoints: counts, failures, both clocks, sessions, failures by cause."""

from __future__ import annotations

from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells
from reports.glossary import CAUSES
from reports.report_data import ReportData
from tidegauge.summary import Figures, FlowFigures, Quantiles

RESPONSE = (
    "From the intended time to the last byte, good requests only, in ms; below it a 95 % interval at the"
    " number of independent requests that they are worth."
)
SERVICE = (
    "From the actual sending to the last byte, in ms: without the generator's own lag. A closed-loop tool"
    " shows less: its users wait while the stack stalls, and send nothing."
)
QUANTILES = (("p50", "P50"), ("p90", "P90"), ("p95", "P95"), ("p99", "P99"))

LATENCY_COLUMNS = (
    Column(
        label="Flow and endpoint",
        meaning="A flow is one kind of session; its endpoints are named by method and path template.",
        numeric=False,
    ),
    Column(
        label="Requests",
        meaning="Requests that were due in the measured window, good, failed or unsent; below it how many"
        " were sent and answered, where not all were, and how many independent ones the good ones are worth"
        " for a P99: those that wait in one queue are late together.",
    ),
    Column(label="Rate", meaning="Requests over the length of the window."),
    Column(
        label="Failures", meaning="Failed and unsent requests; below it the causes. They are in no quantile."
    ),
    *(Column(label=f"{label} ms", meaning=f"{label} response time. {RESPONSE}") for _, label in QUANTILES),
    Column(label="Max ms", meaning="The slowest good request's response time, in ms."),
    Column(label="Service P50", meaning=f"Half of the good requests took at most this. {SERVICE}"),
    Column(label="Service P99", meaning=f"99 % of the good requests took at most this. {SERVICE}"),
)


def exactness(data: ReportData) -> str:
    """What the times were taken from."""
    stored = data.summary.samples
    if stored == "all":
        return "Times are exact: every request was stored."
    kept = "the failed and slowest requests were stored" if stored == "slow" else "no request was stored"
    return f"Times are from histograms (error at most 0.1 %): {kept}, and every one counted."


def latency_table(data: ReportData) -> Table:
    """The total, then each flow with its endpoints below it."""
    summary = data.summary
    rows = [_latency_row("All requests", summary.total, "total")]
    for flow in summary.flows:
        rows.append(_latency_row(flow.flow, flow, "group"))
        rows.extend(
            _latency_row(endpoint.endpoint, endpoint, "member")
            for endpoint in summary.endpoints
            if endpoint.flow == flow.flow
        )
    known = {flow.flow for flow in summary.flows}
    rows.extend(
        _latency_row(f"{endpoint.flow}: {endpoint.endpoint}", endpoint, "member")
        for endpoint in summary.endpoints
        if endpoint.flow not in known
    )
    return Table(
        caption="Requests by flow and endpoint",
        columns=LATENCY_COLUMNS,
        rows=tuple(rows),
        empty="No request was due.",
    )


def _latency_row(name: str, figures: Figures, kind: str) -> Row:
    response, service = figures.response_time_ms, figures.service_time_ms
    return Row(
        kind=kind,
        cells=cells(
            Cell(text=name, tone="code" if kind == "member" else ""),
            _counted(figures.count, figures.sent, figures.answered, response),
            numbers.rate(figures.rate_per_s),
            _failures(figures),
            *(quantile_cell(response, quantile) for quantile, _ in QUANTILES),
            numbers.milliseconds(response.max),
            quantile_cell(service, "p50", interval=False),
            quantile_cell(service, "p99", interval=False),
        ),
    )


def _counted(asked: int, sent: int, answered: int, times: Quantiles) -> Cell:
    """How many were asked; below it how many were sent and answered, if not all, and what they are worth."""
    notes = [] if answered == asked else [f"{numbers.count(sent)} sent, {numbers.count(answered)} answered"]
    if times.n:
        notes.append(f"worth {numbers.count(times.effective_n['p99'])}")
    return Cell(text=numbers.count(asked), note="; ".join(notes))


def _failures(figures: Figures) -> Cell:
    causes = ", ".join(f"{name} {numbers.count(n)}" for name, n in figures.failures_by_cause.items())
    return Cell(
        text=numbers.count(figures.failures), note=causes, tone="bad" if figures.failures else "quiet"
    )


def _worth(times: Quantiles, name: str) -> str:
    """The number of requests that a quantile is of, and how many independent ones these are worth for it."""
    return f"n {numbers.count(times.n)}, worth {numbers.count(times.effective_n[name])}"


def quantile_cell(times: Quantiles, name: str, *, interval: bool = True) -> Cell:
    """A quantile with its interval below it, or why there is none."""
    value = times.value(name)
    return Cell(
        text=numbers.quantile_ms(times, name),
        note=numbers.interval_ms(times, name) if interval else "",
        exact="" if value is None else f"{value} ms; {_worth(times, name)}",
        tone="quiet" if value is None else "",
    )


SESSION_COLUMNS = (
    Column(label="Flow", meaning="One kind of session: a visitor's requests in their order.", numeric=False),
    Column(label="Sessions", meaning="Sessions that were due in the window."),
    Column(label="Failed", meaning="Those with a failed or unsent request, in the window or after it."),
    *(
        Column(
            label=f"{label} ms",
            meaning=f"{label} of the time from first intended to last done, think time in.",
        )
        for _, label in QUANTILES
    ),
    Column(
        label="Lag P99 ms",
        meaning="How much later than due the generator itself sent: first requests, and those after a pause.",
    ),
)


def session_table(data: ReportData) -> Table:
    """How long whole sessions took, a row a flow."""
    return Table(
        caption="Sessions by flow",
        columns=SESSION_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    flow.flow,
                    _counted(flow.sessions, flow.sessions_sent, flow.sessions_answered, flow.session_time_ms),
                    numbers.count(flow.session_failures),
                    *(quantile_cell(flow.session_time_ms, quantile) for quantile, _ in QUANTILES),
                    _lag_cell(flow),
                )
            )
            for flow in data.summary.flows
        ),
        empty="The run had no flow.",
    )


def _lag_cell(flow: FlowFigures) -> Cell:
    lag_ms = flow.lag_ms_p99
    return Cell(
        text=numbers.milliseconds(lag_ms),
        note=f"of {numbers.count(flow.scheduled)} requests",
        exact="" if lag_ms is None else f"{lag_ms} ms",
    )


CAUSE_COLUMNS = (
    Column(label="Cause", meaning="Why a request counts as failed.", numeric=False),
    Column(label="Requests", meaning="How many requests of the window failed so."),
    Column(label="Share", meaning="Of all requests of the window."),
    Column(label="What it means", meaning="The cause in words.", numeric=False),
)


def cause_table(data: ReportData) -> Table:
    """Failures of all flows by cause."""
    total = data.summary.total
    return Table(
        caption="Failures by cause",
        columns=CAUSE_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=str(cause), tone="code"),
                    numbers.count(number),
                    numbers.percent(number / total.count),
                    CAUSES.get(cause, "A cause that this report has no words for."),
                )
            )
            for cause, number in total.failures_by_cause.items()
        ),
        empty="No request failed." if total.count else "No request was due.",
    )
