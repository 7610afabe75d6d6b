"""Charts: only what the samples support, in the page's own colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import report_samples as samples

import reports
from reports.drawing.axes import Window, nines
from reports.report_data import FlowSeries, PercentileCurve, RateSeries
from reports.run import charts

WINDOW = Window(start_s=10, end_s=70)


def test_merged_bins_keep_the_number_of_requests() -> None:
    counts = [number % 7 for number in range(1000)]
    bin_s, per_second = charts.per_second(counts, 1.0)
    lengths = [min(bin_s, 1000 - at * bin_s) for at in range(len(per_second))]
    assert len(per_second) <= charts.BINS_MAX
    total = sum(rate * length for rate, length in zip(per_second, lengths, strict=True))
    assert total == pytest.approx(sum(counts))


def test_a_p99_is_drawn_only_where_its_bin_has_299_samples() -> None:
    few = charts.flow_chart(samples.flow_series("few", 200, 2.0), 0, WINDOW)
    many = charts.flow_chart(samples.flow_series("many", 299, 2.0), 1, WINDOW)
    assert few is not None
    assert many is not None
    assert "--p99" not in few.svg
    assert few.note == "P99: n/a, at most 221 of 299 samples a bin."
    assert "--p99" in many.svg
    assert many.note == ""


def test_a_percentile_curve_ends_where_the_samples_do() -> None:
    curve = PercentileCurve(
        flow="f", n=298, quantiles=[0.5, 0.9, 0.99], response_ms=[1.0, 2.0, 9.0], service_ms=[1.0, 2.0, 9.0]
    )
    chart = charts.percentile_chart(curve, 0)
    assert chart is not None
    assert "P90" in chart.svg
    assert "P99" not in chart.svg


def test_every_further_nine_takes_the_same_room() -> None:
    assert [round(nines(quantile), 9) for quantile in (0.0, 0.9, 0.99, 0.999)] == [0, 1, 2, 3]


def test_too_few_samples_for_any_curve_give_no_chart() -> None:
    curve = PercentileCurve(flow="f", n=4, quantiles=[0.5], response_ms=[1.0], service_ms=[1.0])
    assert charts.percentile_chart(curve, 0) is None
    empty = FlowSeries(
        flow="f", bin_s=5, count=[0, 0], p50_ms=[None] * 2, p99_ms=[None] * 2, max_ms=[None] * 2
    )
    assert charts.flow_chart(empty, 0, WINDOW) is None


def test_a_bin_that_outlasts_the_run_is_drawn_within_the_run() -> None:
    wide = FlowSeries(flow="f", bin_s=600, count=[40], p50_ms=[2.0], p99_ms=[None], max_ms=[9.0])
    chart = charts.flow_chart(wide, 0, None, 20.0)
    assert chart is not None
    assert "20 s" in chart.svg
    assert "min" not in chart.svg


def test_colours_of_charts_are_variables_that_both_schemes_define() -> None:
    drawn = [
        *charts.rate_charts(samples.rates(), WINDOW),
        charts.flow_chart(samples.flow_series("f", 400, 2.0), 0, WINDOW),
        charts.percentile_chart(samples.percentile_curve("f", 400, 2.0), 0),
    ]
    svg = "".join(chart.svg for chart in drawn if chart is not None)
    used = set(re.findall(r"var\((--[\w-]+)\)", svg))
    light, dark = schemes()
    assert used
    assert used <= set(light)
    assert used <= set(dark)
    assert re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", svg) == []


def test_a_run_without_failures_says_so_under_its_chart() -> None:
    quiet = RateSeries(
        bin_s=1,
        asked_sessions=[3, 4],
        sent_sessions=[3, 4],
        completed_requests=[6, 8],
        failed_requests=[0, 0],
    )
    assert charts.rate_charts(quiet, None)[2].note == "None in the whole run."


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "soft", "accent", "good", "bad", "unsure", "invalid"])
@pytest.mark.parametrize("ground", ["page", "card", "band"])
def test_text_contrasts_with_its_ground_by_wcag_aa(scheme: int, text: str, ground: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[f"--{text}"], colours[f"--{ground}"]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("verdict", ["good", "bad", "unsure", "invalid"])
def test_the_verdict_contrasts_with_its_banner_by_wcag_aa(scheme: int, verdict: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours[f"--{verdict}"], colours[f"--{verdict}-bg"]) >= 4.5


def schemes() -> tuple[dict[str, str], dict[str, str]]:
    """The colour variables of the light and of the dark scheme."""
    css = (Path(reports.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    light, _, rest = css.partition("@media (prefers-color-scheme: dark)")
    dark = rest.partition("* { box-sizing")[0]
    pattern = re.compile(r"(--[\w-]+): (#[0-9a-f]{6})")
    return dict(pattern.findall(light)), dict(pattern.findall(dark))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2: (L1 + 0.05) / (L2 + 0.05) of relative luminances."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, by WCAG's definition."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
