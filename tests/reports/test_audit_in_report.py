"""The audited estimate in the report: lines, findings, what is absent, and where prices come from."""

from __future__ import annotations

import re
from html import unescape

import cost_samples as samples
import pytest
import report_samples
from test_report_html import HOSTILE, Page, page_of

from reports.render import render_html


@pytest.fixture(scope="module")
def html() -> str:
    bare = report_samples.report_data(rates=None, flow_series=(), percentiles=(), audit=samples.audit())
    return render_html(bare)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def rows_of(html: str) -> list[list[str]]:
    """The cells of every table row as texts with single spaces."""
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.split(r"</t[hd]>", row)[:-1]
        ]
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL)
    ]


def test_each_line_shows_estimate_correction_difference_and_findings(html: str) -> None:
    row = next(row for row in rows_of(html) if row[0].startswith("redis"))
    assert row[1] == "$495.00"
    assert row[2].startswith("$902.28")
    assert row[3:5] == ["+$407.28", "the architecture"]
    assert row[5].startswith("the estimate prices 3 nodes, the architecture has 6 nodes $0.226 is not")


def test_the_total_and_its_deviation_stand_beside_the_tolerance(page: Page) -> None:
    assert "at least $978.24 a month" in page.text  # 978.235, halves up
    assert "✕ 48.4 % of the corrected total, outside the tolerance 10 %" in page.text
    assert "Corrected, with Valkey at least $797.78 a month" in page.text


def test_what_no_line_has_comes_after_the_lines_the_dearest_first(page: Page) -> None:
    text = page.text
    assert text.index("Absent from the estimate") < text.index("NatA, NatB") < text.index("Metrics")


def test_what_the_scenario_does_not_say_is_listed_and_not_priced(page: Page) -> None:
    assert (
        "NatA AWS::EC2::NatGateway GB through the NAT gateways: the scenario does not say nat_gb_per_month"
        in page.text
    )


def test_each_resource_shows_what_it_holds_and_what_it_is_used_for(page: Page) -> None:
    assert (
        "NatA AWS::EC2::NatGateway $32.85 nat processed_byte: not said (nat_gb_per_month)"
        " vpc public_ipv4_hour: 730 (around the clock)" in page.text
    )


def test_every_priced_item_stands_under_its_line(page: Page) -> None:
    assert "redis elasticache node_hour 4,380 $0.206 per node-hour" in page.text
    assert "absent: nat nat gateway_hour 1 $65.70 per gateway-hour" in page.text


def test_findings_claims_assumptions_and_old_prices_are_all_there(page: Page) -> None:
    for sentence in (
        "no scalable target is registered",
        "Staging: ~$150/month $150.00 a month has no breakdown",
        "load_balancer_lcu = 1: mean LCUs of the load balancer",
        "nat gateway_hour: of 2024-07, more than 365 days ago",
    ):
        assert sentence in page.text


def test_a_corrected_amount_names_its_items_and_the_source_of_their_prices(page: Page, html: str) -> None:
    item = "902.28 USD: elasticache node_hour × 4,380, $0.206 per node-hour, 2026-09-25"
    assert f"902.28 USD\n{item}" in page.values("title")
    number = re.findall(r'\$902\.28</span><sup><a href="#source-(\d+)"', html)[0]
    assert (
        f'<li id="source-{number}">ElastiCache price list, <span>2026-09-25</span> <small>official</small>'
        in html
    )
    assert "golden files, 2024-07 secondary sources" in page.text


def test_an_unknown_total_is_never_a_number() -> None:
    unknown = samples.audit(corrected_total=None, deviation=None, totals={"redis_oss": None, "valkey": None})
    page = page_of(audit=unknown)
    assert "Corrected n/a: what it needs has no price" in page.text
    assert "Off by n/a without a corrected total (tolerance 10 %)" in page.text


def test_a_run_without_an_audit_says_how_to_make_one() -> None:
    text = page_of(audit=None).text
    assert "No estimate was held against this run" in text
    assert "line by line" not in text


def test_hostile_text_in_an_estimate_stays_text() -> None:
    finding = samples.finding("x", HOSTILE)
    line = samples.audited_line(id=HOSTILE, text=HOSTILE, basis=HOSTILE, findings=[finding], service=HOSTILE)
    gone = samples.absent(HOSTILE, HOSTILE, None, needs=[HOSTILE], why=HOSTILE)
    audit = samples.audit(
        name=HOSTILE,
        lines=[line],
        absent=[gone, samples.absent(HOSTILE, HOSTILE, "1")],
        findings=[finding],
        claims=[{"id": "x", "text": HOSTILE, "findings": [finding]}],
        assumptions=[HOSTILE],
        old_prices=[HOSTILE],
    )
    page = page_of(audit=audit)
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert page.words.count(HOSTILE) >= 12
