"""A run folder's documents joined into the record that the report shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from reports.report_data import FlowSeries, PercentileCurve, RateSeries, ReportData, ValidityLimit
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.series import percentile_curve, time_series
from tidegauge.plan import Validity
from tidegauge.results.measure import Measured
from tidegauge.summary import Summary


def report_data(measured: Measured) -> ReportData:
    """What `reports` needs of a run: what was measured, and the bench and audits that lie beside it."""
    folder, run, summary = measured.folder, measured.run, measured.summary
    flows = [row.flow for row in summary.flows]
    series = time_series(measured.frames.traffic, measured.observed.due, flows=flows)
    curves = [_curve(measured.observed, flow) for flow in flows]
    bench = folder.read_json(folder.bench_json) if folder.bench_json.exists() else None
    return ReportData(
        summary=summary,
        run=run,
        rates=_rates(series[0], measured.observed.due),
        flow_series=[_flow_series(row) for row in series[1:]],
        percentiles=[curve for curve in curves if curve is not None],
        edge_check=folder.read_edge_check(),
        bench=bench,
        transcode=None if bench is None else _transcode(bench, folder.bench_json.name),
        audit=folder.read_audit(),
        validity=_validity(summary),
        warnings=[*run.notes, *summary.notes, *summary.looser_validity],
    )


def _transcode(bench: Any, name: str) -> Any:
    from tidegauge.analysis.transcode.answer import answer  # with half of scipy, which few runs need
    from tidegauge.analysis.transcode.document import read_bench

    return answer(read_bench(bench, name))


def _rates(total: Mapping[str, Any], due: pd.DataFrame) -> RateSeries:
    bin_s = float(total["bin_s"])
    sent = due.loc[due["sent"]]
    sessions = np.bincount(sent["second"], weights=sent["count"], minlength=len(total["t_s"]))
    completed = [good + bad for good, bad in zip(total["completed"], total["failures"], strict=True)]
    return RateSeries(
        bin_s=bin_s,
        asked_sessions=total["asked"],
        sent_sessions=sessions.astype(np.int64).tolist(),
        completed_requests=completed,
        failed_requests=total["failures"],
    )


def _flow_series(row: Mapping[str, Any]) -> FlowSeries:
    bins = row["quantiles"]
    return FlowSeries(
        flow=row["flow"],
        bin_s=bins["bin_s"],
        count=bins["n"],
        p50_ms=bins["p50_ms"],
        p99_ms=bins["p99_ms"],
        max_ms=bins["max_ms"],
    )


def _curve(observed: Observed, flow: str) -> PercentileCurve | None:
    response, service = (percentile_curve(observed, kind, flow) for kind in ("response", "service"))
    if not response:
        return None
    return PercentileCurve(
        flow=flow,
        n=observed.response.of(flow).n,
        quantiles=[float(point["q"] or 0) for point in response],
        response_ms=[point["ms"] for point in response],
        service_ms=[point["ms"] for point in service],
    )


def _validity(summary: Summary) -> list[ValidityLimit]:
    generator, default = summary.generator, Validity()
    observed = {
        "cpu_ratio_max": generator.cpu_ratio_max,
        "lag_ms_p99_max": generator.lag_ms_p99,
        "lost_ratio_max": generator.lost_ratio,
    }
    return [
        ValidityLimit(
            name=name,
            limit=getattr(summary.validity, name),
            default=getattr(default, name),
            observed=value,
        )
        for name, value in observed.items()
    ]
