"""Which sections a report has: those that a plain HTTP server fills nothing of are left out."""

from __future__ import annotations

from reports.report_data import ReportData

LABELS = {
    "objectives": "Objectives",
    "requests": "Requests",
    "time": "Over time",
    "percentiles": "By percentile",
    "cache": "Cache",
    "cost": "Cost",
    "audit": "Estimate",
    "bench": "Transcode",
    "generator": "Generator",
    "provenance": "Provenance",
    "glossary": "Glossary",
}


def sections(data: ReportData) -> dict[str, str]:
    """{id: label} of the sections, in their order."""
    absent = {
        "cache": not has_cache(data),
        "cost": not has_cost(data),
        "audit": data.audit is None and not has_cost(data),
        "bench": data.bench is None and not data.run.local,
    }
    return {name: label for name, label in LABELS.items() if not absent.get(name)}


def has_cost(data: ReportData) -> bool:
    """Whether AWS would bill anything of the stack, or an estimate refers to the section's sources."""
    cost = data.summary.cost
    known = cost.lines or cost.unknown or cost.covered_by_fixed or cost.marginal_per_1k_requests
    on_aws = data.run.local or data.run.stack.aws or cost.fixed is not None
    return bool(known or on_aws or data.audit is not None)


def has_cache(data: ReportData) -> bool:
    """Whether there is a cache before the stack."""
    found = data.summary.total.cache
    answers = found.hit + found.refresh_hit + found.miss + found.error
    return bool(answers or data.run.stack.cdn_url or data.summary.behaviours or data.edge_check)
