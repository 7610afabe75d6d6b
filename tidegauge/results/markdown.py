"""The summary for a pull request: summary.md."""

from __future__ import annotations

from decimal import Decimal

from tidegauge.cost_record import CostSection, in_brackets
from tidegauge.dollars import usd
from tidegauge.summary import Figures, Quantiles, Summary


def summary_markdown(summary: Summary) -> str:
    """The summary as a few lines for a pull request."""
    total = summary.total
    lines = [f"### Tidegauge: {summary.verdict}", ""]
    lines += [f"- {_plain(sentence)}" for sentence in (*summary.reasons, *summary.advice)]
    lines += [
        f"- {total.count} requests, {total.failures} failures, {total.rate_per_s:.1f}/s",
        f"- requests: {total.stages}",
        *_cost_lines(summary.cost),
        "",
        "| flow | requests | failures | P50 ms | P99 ms |",
        "|---|---:|---:|---:|---:|",
        _flow_line("total", total),
        *(_flow_line(row.flow, row) for row in summary.flows),
    ]
    return "\n".join(lines) + "\n"


def _cost_lines(cost: CostSection) -> list[str]:
    if cost.marginal_per_1k_requests is None:
        return []
    known = [f"{usd(Decimal(cost.marginal_per_1k_requests))} marginal{in_brackets(cost.marginal_doubt)}"]
    if cost.loaded_per_1k_requests is not None:
        least = "" if cost.complete else "at least "
        loaded = f"{least}{usd(Decimal(cost.loaded_per_1k_requests))} loaded"
        known.append(f"{loaded}{in_brackets(cost.loaded_doubt)}")
    return [f"- cost per 1,000 answered requests: {', '.join(known)}"]


def _flow_line(flow: str, figures: Figures) -> str:
    times = figures.response_time_ms
    cells = (_plain(flow), str(figures.count), str(figures.failures), _ms(times, "p50"), _ms(times, "p99"))
    return "| " + " | ".join(cells) + " |"


def _ms(times: Quantiles, name: str) -> str:
    value = times.value(name)
    if value is not None:
        return f"{value:.2f}"
    support = times.unsupported.get(name)
    return f"n/a ({support})" if support else "n/a"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
