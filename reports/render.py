"""A `ReportData` record to one HTML file that needs no network, no fonts and no scripts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from reports import glossary
from reports.cost import audit as cost_audit
from reports.cost import section as cost
from reports.cost import sources as cost_sources
from reports.drawing.axes import Window
from reports.report_data import BenchData, ReportData
from reports.run import cache, charts, latency, provenance, verdict
from reports.run.sections import sections
from reports.transcode.section import section as transcode

CHARTED_FLOWS_MAX = 6  # by their samples; every flow is in the tables


def render_html(data: ReportData) -> str:
    """The whole report; equal data gives equal text."""
    template = _environment().get_template("report.html")
    sources = cost_sources.sources(data)
    return template.render(
        plan_name=data.run.plan.name,
        subtitle=provenance.subtitle(data),
        sections=sections(data),
        summary=data.summary,
        local=data.run.local,
        warnings=data.warnings,
        banner=verdict.banner(data),
        key_figures=verdict.key_figures(data),
        objectives=verdict.objectives_table(data),
        exactness=latency.exactness(data),
        latency=latency.latency_table(data),
        sessions=latency.session_table(data),
        causes=latency.cause_table(data),
        rate_charts=_rate_charts(data),
        flow_charts=_flow_charts(data),
        percentile_charts=_percentile_charts(data),
        charted_flows_max=CHARTED_FLOWS_MAX,
        cache=cache.cache_table(data),
        advice=data.summary.advice,
        edge_locations=cache.edge_locations(data),
        edge=cache.edge_agreement(data),
        cost=cost.cost_section(data, sources),
        audit=cost_audit.audit_section(data.audit, sources),
        transcode=transcode(data.bench, data.transcode),
        generator=provenance.generator_table(data),
        facts=provenance.facts(data),
        versions=provenance.version_table(data),
        plan=provenance.plan_text(data),
        glossary=glossary.GLOSSARY,
    )


def render_bench_html(data: BenchData) -> str:
    """A transcode bench by itself; equal data gives equal text."""
    return (
        _environment()
        .get_template("bench_report.html")
        .render(
            subtitle=", ".join(data.names),
            transcode=transcode(data.bench, data.transcode),
            glossary=glossary.TRANSCODE_GLOSSARY,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = Markup  # only `svg.draw` output goes through it, which holds no user's text
    return environment


def _window(data: ReportData) -> Window:
    return Window(start_s=data.run.window.start_s, end_s=data.run.window.end_s)


def _rate_charts(data: ReportData) -> tuple[charts.Chart, ...]:
    if data.rates is None or not any(data.rates.asked_sessions):
        return ()
    return charts.rate_charts(data.rates, _window(data))


def _flow_charts(data: ReportData) -> tuple[charts.Chart, ...]:
    busiest = sorted(data.flow_series, key=lambda series: -sum(series.count))[:CHARTED_FLOWS_MAX]
    end_s = data.rates.bin_s * len(data.rates.asked_sessions) if data.rates is not None else None
    drawn = (charts.flow_chart(series, number, _window(data), end_s) for number, series in enumerate(busiest))
    return tuple(chart for chart in drawn if chart is not None)


def _percentile_charts(data: ReportData) -> tuple[charts.Chart, ...]:
    busiest = sorted(data.percentiles, key=lambda curve: -curve.n)[:CHARTED_FLOWS_MAX]
    drawn = (charts.percentile_chart(curve, number) for number, curve in enumerate(busiest))
    return tuple(chart for chart in drawn if chart is not None)
