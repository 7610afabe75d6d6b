"""The report of a run as one HTML file."""

from __future__ import annotations

from pathlib import Path

from reports.render import render_html
from tidegauge.results.measure import Measured
from tidegauge.results.report_data import report_data


def write_report(measured: Measured, out: Path | None = None) -> Path:
    """Renders the run's documents to `out`, or into its folder; returns the file."""
    target = out or measured.folder.report_html
    measured.folder.write_text(target, render_html(report_data(measured)))
    return target
