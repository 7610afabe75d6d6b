"""The summary for a pull request: summary.md."""

from __future__ import annotations

from tidegauge.summary import Figures, Quantiles, Summary


def summary_markdown(summary: Summary) -> str:
    """The summary as a few lines for a pull request."""
    total = summary.total
    lines = [f"### Tidegauge: {summary.verdict}", ""]
    lines += [f"- {_plain(reason)}" for reason in summary.reasons]
    lines += [
        f"- {total.count} requests, {total.failures} failures, {total.rate_per_s:.1f}/s",
        "",
        "| flow | requests | failures | P50 ms | P99 ms |",
        "|---|---:|---:|---:|---:|",
        _flow_line("total", total),
        *(_flow_line(row.flow, row) for row in summary.flows),
    ]
    return "\n".join(lines) + "\n"


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
