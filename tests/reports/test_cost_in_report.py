"""The cost section: parts by service, the loaded cost over the rate, and what other terms would save."""

from __future__ import annotations

import re
from typing import Any

import cost_samples as samples
import pytest
import report_samples
import summary_samples
from test_report_html import HOSTILE, Page, page_of

from reports.render import render_html


def html_of(cost: dict[str, Any], **changes: Any) -> str:
    """The page of a run with this cost, without charts over time."""
    summary = summary_samples.summary(cost=cost)
    bare: dict[str, Any] = {"rates": None, "flow_series": (), "percentiles": ()}
    return render_html(report_samples.report_data(summary=summary, **(bare | changes)))


def with_curve(**changes: Any) -> str:
    """The text of a page whose loaded curve has these changes."""
    cost = samples.known_cost()
    return Page(html_of(cost | {"loaded_curve": cost["loaded_curve"] | changes})).text


@pytest.fixture(scope="module")
def html() -> str:
    return html_of(samples.known_cost())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def bars(html: str, name: str) -> list[tuple[str, str, str]]:
    """The parts of the bar of this name: colour, width and the figure on hovering."""
    found = re.findall(r"<p><span>([^<]*)</span>(.*?)</p>", html, re.DOTALL)
    part = r'<i class="(\w+)" style="width:([\d.]+)%" title="([^"]+)"'
    return next((re.findall(part, inside) for of, inside in found if of == name), [])


def test_a_flows_bar_is_stacked_by_service_on_one_scale(html: str) -> None:
    # of the longest, 0.08: 0.012 / 0.08 = 15 %, 0.004 / 0.08 = 5 %
    assert bars(html, "view") == [
        ("c1", "15.00", "cloudfront: 0.012 USD"),
        ("c3", "5.00", "s3: 0.004 USD"),
    ]
    assert bars(html, "short_link") == [("c2", "100.00", "dynamodb: 0.08 USD")]
    assert [title for _, _, title in bars(html, "All flows")][-1] == "sqs: 0.0005 USD"


def test_the_table_has_the_figures_of_the_bars_and_their_sources(page: Page) -> None:
    assert "view $0.016 300 of 600 n/a 20 of 60 $0.012 1 – $0.004 –" in page.text
    assert "0.012 USD" in page.values("title")


def test_a_flow_of_unknown_cost_has_its_reason_and_no_bar(page: Page, html: str) -> None:
    assert "upload no usage is known of flow upload n/a 300 of 600" in page.text
    assert bars(html, "upload") == []


def test_the_section_says_how_many_were_asked_sent_and_answered(page: Page) -> None:
    assert "500 answered of 532 sent and 953 asked; costs are per answered request" in page.text


def test_a_cost_at_prices_that_are_not_official_says_so() -> None:
    cost = samples.known_cost()
    for confidence, word in (("M", "assumed"), ("L", "unverified")):
        lines = [cost["lines"][0] | {"confidence": confidence}, *cost["lines"][1:]]
        text = Page(html_of(cost | {"lines": lines})).text
        assert f"per 1,000 answered requests, {word}" in text
        assert re.search(rf"Marginal cost per 1,000 answered requests \S+ \({word}\)", text)
    official = [line | {"confidence": "H"} for line in cost["lines"]]
    text = Page(html_of(cost | {"lines": official, "fixed": None})).text
    assert "per 1,000 answered requests, " not in text


def test_services_beyond_the_colours_share_one_and_keep_their_names() -> None:
    spent = {f"service{number}": f"0.0{9 - number}" for number in range(8)}
    html = html_of(samples.known_cost() | {"by_service": samples.parts(spent), "by_flow": []})
    tones = [tone for tone, _, _ in bars(html, "All flows")]
    assert tones == ["c1", "c2", "c3", "c4", "c5", "c6", "others", "others"]
    assert "service6, service7" in Page(html).text


def test_costs_without_their_parts_have_no_empty_chart() -> None:
    text = page_of().text
    assert "Marginal cost by flow and service" not in text
    assert "Loaded cost over the rate" not in text


def test_the_curve_says_where_fixed_cost_falls_below_half(page: Page) -> None:
    assert "Above 50.0 requests a second that is less than half of what a request costs" in page.text
    assert "this run: 12.5/s, $0.10" in page.text  # 0.02 + 1 / 12.5
    assert "12.5 this run $0.02 $0.08 $0 $0.10" in page.text


def test_an_architecture_that_costs_nothing_has_no_curve() -> None:
    text = with_curve(half_rate_per_s=0.0, fixed_hourly="0")
    assert "The architecture costs nothing while idle" in text
    assert "both scales are logarithmic" not in text


def test_requests_that_cost_nothing_leave_fixed_cost_the_whole_at_any_rate() -> None:
    points = [
        {
            "rate_per_s": 12.5 * 2**k,
            "marginal_per_1k": "0",
            "fixed_per_1k": cost,
            "loaded_per_1k_requests": cost,
        }
        for k, cost in enumerate(("0.08", "0.04", "0.02", "0.01"))
    ]
    text = with_curve(half_rate_per_s=None, marginal_per_1k_requests="0", points=points)
    assert "so it is all of the cost at any rate" in text
    assert "marginal cost: " not in text


def test_what_is_held_around_the_clock_has_its_price_and_source(page: Page) -> None:
    assert "Nat AWS::EC2::NatGateway nat gateway_hour 80 $0.045 per gateway-hour 2 $2,628.00" in page.text


def test_the_tornado_begins_with_the_greatest_change_to_either_side(html: str) -> None:
    # 180.456 / 200 = 90.23 %
    assert bars(html, "Plan Business") == [("adds", "100.00", "-200 USD")]
    assert bars(html, "Valkey") == [("saves", "90.23", "180.456 USD")]
    assert html.index("<p><span>Plan Business") < html.index("<p><span>Valkey")


def test_a_change_without_a_figure_is_in_the_table_with_its_reason(page: Page, html: str) -> None:
    assert "Plan Free n/a n/a official the traffic does not fit" in page.text
    assert bars(html, "Plan Free") == []
    assert "Valkey $180.46 $797.78 official Valkey takes the same load commands are the same" in page.text


def test_a_change_has_its_break_even_or_says_why_not() -> None:
    found = {"unit": "nat processed_byte", "quantity": str(209 * 2**30), "times_now": "2.09", "pays": "above",
             "reason": None}  # fmt: skip
    none = dict.fromkeys(found) | {"reason": "it costs less at any traffic"}
    text = page_of(
        audit=samples.audit(
            what_ifs=[
                samples.what_if("Endpoints", "5", "6", break_even=found),
                samples.what_if("ARM", "5", "6", break_even=none),
                samples.what_if("Plan", "5", "6", break_even=found | {"unit": "cloudfront request"}),
            ]
        )
    ).text
    assert "Endpoints takes the same load pays above 209.0 GB, nat processed_byte" in text
    assert "ARM takes the same load it costs less at any traffic" in text
    assert "Plan takes the same load pays above 224,412,041,216 cloudfront requests" in text


def test_a_month_elsewhere_is_told_unit_by_unit(page: Page) -> None:
    assert "$75.70 a month on Cloudflare where AWS is $978.24; prices: secondary sources." in page.text
    assert re.search(r"elasticache node_hour \$902\.54 \$0 \d+ falls away Durable Objects", page.text)
    assert "as estimated $75.70 $75.70 stays on AWS" in page.text
    assert "They are assumed." in page.text


def test_an_audit_without_what_ifs_has_no_empty_frame() -> None:
    text = page_of(audit=samples.audit(what_ifs=[], elsewhere=[], claims=[], absent=[], findings=[])).text
    for heading in (
        "What if",
        "The same month on",
        "What else the estimate claims",
        "On the whole",
        "Absent",
    ):
        assert heading not in text


def test_hostile_names_in_costs_stay_text() -> None:
    cost = samples.known_cost()
    cost["by_service"] = samples.parts({HOSTILE: "0.01"})
    cost["by_flow"] = [cost["by_flow"][0] | {"flow": HOSTILE, "by_service": samples.parts({HOSTILE: "0.01"})}]
    cost["fixed"]["items"][0] |= {"resource": HOSTILE, "source": HOSTILE, "price_date": HOSTILE}
    hostile = {"name": HOSTILE, "confidence": HOSTILE, "assumptions": [HOSTILE]}
    audit = samples.audit(
        what_ifs=[samples.what_if(HOSTILE, "5", "6", confidence=HOSTILE, assumptions=[HOSTILE])],
        elsewhere=[samples.elsewhere(**hostile)],
    )
    page = Page(html_of(cost, audit=audit))
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert page.words.count(HOSTILE) >= 10


def test_a_loaded_cost_that_lacks_a_part_is_a_lower_bound_with_the_part_beside_it() -> None:
    part = {
        "file": "stack.yaml",
        "resource": "Edge/Distribution",
        "type": "AWS::CloudFront::Distribution",
        "property": "DistributionConfig.ViewerCertificate.SslSupportMethod",
        "reason": "dedicated addresses are billed by the month",
    }
    text = Page(html_of(samples.known_cost() | {"complete": False, "unpriced": [part]})).text
    assert "at least $0.10" in text
    assert "Edge/Distribution AWS::CloudFront::Distribution DistributionConfig.ViewerCertificate" in text
    assert "dedicated addresses are billed by the month" in text
    whole = Page(html_of(samples.known_cost())).text
    assert "at least $0.10" not in whole
    assert "without a known price" not in whole
