"""The transcoding section: what it says, keeps apart, and must not do with text from outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
import transcode_samples as samples
from test_report_html import HOSTILE, Page

from reports.glossary import TRANSCODE_GLOSSARY
from reports.render import render_bench_html
from reports.report_data import BenchData
from tidegauge.analysis.transcode.answer import answer
from tidegauge.analysis.transcode.document import read_bench


def html_of(**changes: Any) -> str:
    """The page of the made-up bench with changes to its document."""
    document = samples.document(**changes)
    found = answer(read_bench(document, "bench.json"))
    return render_bench_html(BenchData(names=["bench.json"], bench=document, transcode=found))


def without_charts(**changes: Any) -> Page:
    """A small page: two sizes and one medium, no curves."""
    sizes = [row for row in samples.profiles() if row["name"].startswith("fargate-x86")][2:4]
    cells = [samples.cell("city.gif", "webp", row) for row in sizes]
    return Page(html_of(**({"cells": cells, "curves": []} | changes)))


@pytest.fixture(scope="module")
def html() -> str:
    return html_of()


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_recommendations_come_before_every_chart_and_table(html: str) -> None:
    assert html.index("is the cheapest of 4 profiles on demand (emulated)") < html.index("<figure")
    assert html.index("is the cheapest of 3 encodings at VMAF 93 (measured)") < html.index("<table")


def test_charts_carry_their_provenance_and_the_names_of_their_numbers(page: Page) -> None:
    assert "2 fargate-x86-2vcpu-4gb emulated" in page.text
    assert "Dots are emulated on AMD EPYC 7B13, 2 cores, ffmpeg 9.0.2 (3f3f3f3f)" in page.text
    assert "libx264 slow (measured)" in page.text


def test_every_column_explains_itself_on_hovering_and_in_a_legend(page: Page) -> None:
    headings = [attributes for _, attributes in page.elements if attributes.get("scope") == "col"]
    assert len(headings) == 13 + 8 + 6 + 5  # cells, encoders, break-even, free encoder
    meanings = {attributes["title"] for attributes in headings}
    assert [meaning for meaning in meanings if " ".join(meaning.split()) not in page.text] == []
    assert all(meaning.endswith(".") for meaning in meanings)


def test_skipped_cells_are_one_line_and_no_rows(page: Page) -> None:
    assert "18 cells were skipped: this machine is x86_64, the profile ARM (9); no NVENC here" in page.text
    assert "fargate-arm" not in page.text


def test_an_unstable_cell_is_marked(page: Page) -> None:
    assert re.search(r"emulated \S+ unstable, \S+ – \S+ 5 ", page.text)


def test_a_gpu_without_figures_has_empty_cells_with_the_reason(page: Page) -> None:
    assert "ec2-gpu-g6.xlarge L4 8.2× no frames/s of this GPU: import a bench that ran there" in page.text


def test_a_gpu_with_figures_says_where_both_speeds_come_from(page: Page) -> None:
    assert (
        "GPU imported on Xeon Platinum 8259CL, 4 cores, ffmpeg 9.0.2; CPU emulated on AMD EPYC" in page.text
    )


def test_costs_have_the_date_of_their_prices_and_egress_beside_them(page: Page) -> None:
    assert "prices of 2026-09-29" in page.text
    # 595,000 bytes x 10 views x $0.085 / 2^30
    assert "$0.0004710" in page.text


def test_the_section_s_words_are_in_the_glossary(page: Page) -> None:
    terms = {term for term, _ in TRANSCODE_GLOSSARY}
    assert {"VMAF", "SSIM", "BD-rate", "Pareto front", "Break-even"} <= terms
    assert all(" ".join(term.split()) in page.text for term in terms)


def test_a_bench_of_this_machine_alone_recommends_nothing_and_says_so() -> None:
    local = {"name": "local-machine", "kind": "local", "vcpu": 2, "memory_gb": 4, "usd_per_hour": None}
    cell = samples.cell("city.gif", "webp", local, provenance="measured", cost=None, cost_usd_per_asset=None)
    page = without_charts(cells=[cell], profiles=[local])
    assert "Only this machine was measured: no profile can be recommended." in page.text
    assert "The document lists no GPU profile" in page.text
    assert "n/a: the bench has no CPU-seconds of decoding alone" in page.text
    assert "Cost against time" not in page.text


def test_hostile_text_stays_text_wherever_it_comes_from() -> None:
    size = samples.profiles()[3] | {"name": HOSTILE}
    sizes = (size, samples.profiles()[2])
    made = [samples.cell("city.gif", "webp", row) | {"media": HOSTILE} for row in sizes]
    page = without_charts(
        cells=[*made, samples.skipped(HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
        curves=[samples.curve(HOSTILE, HOSTILE, 1, 1), samples.curve(HOSTILE, "slow", 0.8, 2)],
        profiles=[size, samples.profiles()[2]],
        machine={"cpu_model": HOSTILE},
        assumptions=[HOSTILE],
    )
    assert {"script", "img"}.isdisjoint(tag for tag, _ in page.elements)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert HOSTILE in page.text


def test_nothing_is_fetched(html: str, page: Page) -> None:
    assert page.values("src") == []
    assert all(link.startswith("data:") for link in page.values("href"))
    assert re.findall(r"url\((?!#)", html) == []


def test_equal_documents_give_equal_pages(html: str) -> None:
    assert html_of() == html
