"""The report in headless Chromium: no error, no network, no sideways scrolling, in every dress.

TIDEGAUGE_REPORT names another report to open instead; TIDEGAUGE_SCREENSHOTS a folder for pictures;
TIDEGAUGE_CHROMIUM another browser.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cost_samples
import pytest
import report_samples as samples
import summary_samples
import transcode_samples

from reports.render import render_bench_html, render_html
from reports.report_data import BenchData
from tidegauge.analysis.transcode.answer import answer
from tidegauge.analysis.transcode.document import read_bench

pytestmark = pytest.mark.browser

CHROMIUM = Path(os.environ.get("TIDEGAUGE_CHROMIUM", "/usr/bin/chromium"))
WIDTHS = {"desktop": 1280, "phone": 390}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SMALLEST_TEXT_PX = 9.0


@dataclass(slots=True)
class Opened:
    """A page after loading, and all that it complained about or asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; where there is none, a skip, and in CI a failure."""
    if not CHROMIUM.is_file():
        reason = f"no Chromium at {CHROMIUM}; install it, or name one in TIDEGAUGE_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=["run", "bench"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report that TIDEGAUGE_REPORT names, or one of a made-up run and one of a made-up bench."""
    if named := os.environ.get("TIDEGAUGE_REPORT"):
        if request.param == "bench":
            pytest.skip("the named report is opened once")
        return Path(named).resolve()
    path = tmp_path_factory.mktemp("report") / f"{request.param}.html"
    html = run_html() if request.param == "run" else bench_html()
    path.write_text(html, encoding="utf-8")
    return path


def run_html() -> str:
    """The page of a made-up run whose every cost is known."""
    return render_html(samples.report_data(summary=summary_samples.summary(cost=cost_samples.known_cost())))


def bench_html() -> str:
    """The page of a made-up bench."""
    document = transcode_samples.document()
    found = answer(read_bench(document, "bench.json"))
    return render_bench_html(BenchData(names=["bench.json"], bench=document, transcode=found))


def open_report(browser: Any, path: Path, width: int, scheme: str) -> Opened:
    """Loads the file and listens from before the first byte on."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = Opened(page=page)
    page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: opened.complaints.append(f"page error: {error}"))
    page.on("request", lambda request: opened.requests.append(request.url))
    page.goto(path.as_uri(), wait_until="load")
    return opened


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("device", WIDTHS)
def test_report_opens_without_complaint_network_or_overflow(
    browser: Any, report: Path, device: str, scheme: str
) -> None:
    opened = open_report(browser, report, WIDTHS[device], scheme)
    if folder := os.environ.get("TIDEGAUGE_SCREENSHOTS"):
        opened.page.screenshot(
            path=str(Path(folder) / f"{report.stem}-{device}-{scheme}.png"), full_page=True
        )
    wide = opened.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    opened.page.close()
    assert opened.complaints == []
    assert opened.requests == [report.as_uri()]
    assert wide <= 0


@pytest.mark.parametrize("device", WIDTHS)
def test_chart_labels_are_legible_and_do_not_overlap(browser: Any, report: Path, device: str) -> None:
    opened = open_report(browser, report, WIDTHS[device], "light")
    boxes = opened.page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].map(svg =>
             [...svg.querySelectorAll('text')].map(text => {
               const box = text.getBoundingClientRect();
               const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
               return {text: text.textContent, px: parseFloat(getComputedStyle(text).fontSize) * scale,
                       left: box.left, right: box.right, top: box.top, bottom: box.bottom};
             }))"""
    )
    opened.page.close()
    labels = [label for chart in boxes for label in chart]
    assert labels
    assert [label["text"] for label in labels if label["px"] < SMALLEST_TEXT_PX] == []
    assert [pair for chart in boxes for pair in overlapping(chart)] == []


def overlapping(labels: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of labels whose middles (boxes less a quarter of their height) share some room."""
    return [
        (one["text"], other["text"])
        for index, one in enumerate(labels)
        for other in labels[index + 1 :]
        if one["left"] < other["right"]
        and other["left"] < one["right"]
        and one["top"] + 3 < other["bottom"] - 3
        and other["top"] + 3 < one["bottom"] - 3
    ]


def test_names_of_profiles_stand_on_one_line(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "bench.html"
    path.write_text(bench_html(), encoding="utf-8")
    opened = open_report(browser, path, WIDTHS["desktop"], "light")
    lines = opened.page.evaluate(
        """() => { document.querySelectorAll('details').forEach(each => each.open = true);
             return [...document.querySelectorAll('td.code > span')]
               .map(span => span.getClientRects().length) }"""
    )
    opened.page.close()
    assert lines
    assert set(lines) == {1}


def test_an_audit_is_read_on_a_phone_without_scrolling_sideways(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "audit.html"
    path.write_text(run_html(), encoding="utf-8")
    opened = open_report(browser, path, WIDTHS["phone"], "light")
    beyond = opened.page.evaluate(
        """() => [...document.querySelectorAll('.scroll:has(.cards)')]
             .filter(each => each.scrollWidth > each.clientWidth)
             .map(each => each.getAttribute('aria-label'))"""
    )
    opened.page.close()
    assert beyond == []


def test_hostile_and_endless_names_do_not_widen_the_page(browser: Any, tmp_path: Path) -> None:
    hostile = "<script>document.title='owned'</script>" + "x" * 300
    path = tmp_path / "hostile.html"
    rows = [summary_samples.endpoint("view", hostile, 12, 3.0)]
    data = samples.report_data(
        summary=summary_samples.summary(endpoints=rows, reasons=[hostile]),
        warnings=[hostile],
        edge_check=None,
    )
    path.write_text(render_html(data), encoding="utf-8")
    opened = open_report(browser, path, WIDTHS["phone"], "light")
    wide = opened.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    title = opened.page.title()
    opened.page.close()
    assert opened.complaints == []
    assert wide <= 0
    assert title.startswith("FAIL")
