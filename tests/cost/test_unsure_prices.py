"""Sentences that rest on a price say where it is assumed or unverified, and nothing of an official one."""

from __future__ import annotations

from datetime import date

import pytest
from audits import GUIDE, GUIDE_TEMPLATE, audited
from cost_builders import BOOK, fixed, item, marginal, month, usage

from tidegauge.collect.prices.packaged import read_references
from tidegauge.cost.audit.claims import audit_claims
from tidegauge.cost.audit.document import audit_document
from tidegauge.cost.bill import bill_document, make_bill
from tidegauge.cost.doubts import doubts, in_words, mark

SPOT = {"arch": "arm", "capacity": "spot"}
GUIDE_AUDIT = audited(GUIDE, GUIDE_TEMPLATE)


def sentences(*rows: tuple[str, str, dict[str, str]]) -> list[str]:
    of = usage(*(item(service, unit, 10**9, attributes) for service, unit, attributes in rows))
    bill = make_bill(of, BOOK, today=date(2026, 12, 1), free_tier=True, tiers=True, age_days_max=365)
    said = bill_document(bill)["unsure_prices"]
    assert isinstance(said, list)
    return said


@pytest.mark.parametrize(
    ("service", "unit", "attributes", "said"),
    [
        ("cloudfront", "plan_month", {"plan": "pro"}, "is assumed, as consistent secondary sources have it"),
        (
            "fargate",
            "gb_second",
            SPOT,
            "is assumed, as consistent secondary sources have it: assumption: 0.30",
        ),
        ("s3", "rtc_byte", {}, "is unverified: replication time control"),
        ("eventbridge", "service_event", {}, "is unverified: assumption: events of AWS services are free"),
    ],
)
def test_a_bill_says_which_of_its_prices_are_not_official(
    service: str, unit: str, attributes: dict[str, str], said: str
) -> None:
    found = sentences((service, unit, attributes), ("waf", "request", {}))
    assert len(found) == 1
    assert found[0].startswith(f"the price of {service} {unit}")
    assert said in found[0]


def test_a_free_tier_that_is_not_official_is_named_too() -> None:
    assert sentences(("sqs", "fifo_request", {})) == [
        "the price of the free tier of sqs fifo_request is assumed, as consistent secondary sources have it: "
        "first 1M requests a month free, assumed for standard and FIFO together"
    ]


def test_a_bill_of_official_prices_doubts_nothing() -> None:
    assert sentences(("waf", "request", {}), ("route53", "query", {})) == []


def test_an_amount_is_marked_by_its_least_sure_price() -> None:
    official, assumed = item("waf", "request", 10), item("fargate", "gb_second", 10, SPOT)
    unverified = item("s3", "rtc_byte", 10)
    assert mark(marginal(official).lines) == ""
    assert mark(marginal(official, assumed).lines) == " (assumed)"
    assert mark(marginal(assumed, unverified).lines) == " (unverified)"
    assert mark(month(item("fargate", "gb_second", 0, SPOT)).lines) == ""


def test_an_origin_in_words_says_how_sure_it_is() -> None:
    official = BOOK.find("waf", "request", {})
    assumed = BOOK.find("cloudfront", "kvs_read", {})
    assert official is not None
    assert assumed is not None
    assert in_words(official.origin) == "infracost Terraform golden files, 2024-07, H"
    assert in_words(assumed.origin).endswith("2026-10-05, M: assumed")


def test_what_an_architecture_holds_at_an_assumed_price_says_so() -> None:
    node = """
Resources:
  C:
    Type: AWS::ElastiCache::CacheCluster
    Properties: {Engine: redis, CacheNodeType: cache.t3.medium, NumCacheNodes: 1}
"""
    found = fixed(node).assumptions
    assert any("node_type: cache.t3.medium} is assumed" in assumption for assumption in found)


def test_the_guides_claims_say_what_is_assumed() -> None:
    claims = audit_claims(GUIDE_AUDIT, BOOK, read_references())
    said = [each.findings[0].message for each in claims]
    assert next(message for message in said if "cache.t3.medium" in message).endswith("M: assumed)")
    assert next(message for message in said if "Spot prices vary" in message).endswith("M: assumed)")


def test_the_guides_findings_say_what_is_assumed() -> None:
    beside = [
        each.message for line in GUIDE_AUDIT.lines for each in line.findings if each.code == "outside_line"
    ]
    assert any("$7.99 (assumed) a month of fargate is in no line" in message for message in beside)
    assert any("a month of waf is in no line" in message for message in beside) is False or not any(
        "(assumed) a month of waf" in message for message in beside
    )


def test_an_audit_lists_its_unsure_prices_among_its_assumptions() -> None:
    document = audit_document(GUIDE_AUDIT, findings=[], claims=[], what_ifs=[], elsewhere=[], old_prices=[])
    unsure = doubts(GUIDE_AUDIT.priced.lines)
    assert unsure
    assumptions = document["assumptions"]
    assert isinstance(assumptions, list)
    assert {*unsure} <= {*assumptions}
