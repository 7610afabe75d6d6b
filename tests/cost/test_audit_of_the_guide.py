"""The guide's own estimate, line by line against sums made by hand from its text and the price list."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from audits import GUIDE, GUIDE_TEMPLATE, absent, audited, codes, line, said, unknown
from cost_builders import BOOK

from tidegauge.collect.prices.packaged import read_references
from tidegauge.cost.audit.claims import audit_claims
from tidegauge.cost.audit.result import Audit
from tidegauge.cost.money import to_decimal

REFERENCES = read_references()

# id: (estimate, corrected), USD a month
BY_HAND = {
    "api-fargate": ("35", "36.0401"),  # 2 x (.5 x .04048 + 1 x .004445) x 730
    "worker-fargate": ("90", "88.866"),  # 3 x (2 x .04048 + 4 x .004445) x 300
    "s3-media": ("11.50", "11.50"),  # 500 x .023
    "s3-cache": ("2.30", "2.30"),  # 100 x .023
    "s3-transcode": ("4.60", "4.60"),  # 200 x .023
    "s3-get": ("2.00", "2.00"),  # 5,000,000 / 1,000 x .0004
    "s3-put": ("0.50", "0.50"),  # 100,000 / 1,000 x .005
    "cloudfront-data": ("170", "87.04"),  # (2,048 - 1,024 free) x .085
    "cloudfront-requests": ("7.50", "0"),  # 10M of 10M are free
    "dynamodb": ("30", "30"),  # on demand: kept
    "redis": ("495", "902.28"),  # 3 shards x (1 + 1) = 6 nodes x 730 x .206
    "api-gateway": ("1.00", "1.00"),  # 1M x 1.00 / 1M
    "logs": ("10", "10"),  # kept
    "secrets": ("2", "2.00"),  # 5 x .40
    "route53": ("1", "1"),  # .50 for the zone, .50 kept
}
ABSENT = {
    "vpc": "14.60",  # (2 NAT + 2 load balancer) x .005 x 730
    "nat": "65.70",  # 2 x .045 x 730
    "fargate": "7.992",  # (100 - 20 free) GB x 900 task-hours x .000111
    "alb": "22.265",  # .0225 x 730 + 1 LCU x .008 x 730
    "cloudwatch": "2.40",  # 8 additional metrics x .30; 3 alarms and 1 dashboard are free
    "waf": "15.00",  # 5 + 4 rules x 1 + 10M x .60 / 1M
    "dynamodb": "142.35",  # 1,000 x .00013 x 730 + 100 x .00065 x 730
    "kms": "1.00",
    "ssm": "0",  # four standard parameters
    "xray": "4.50",  # (1M - 100k free) x 5 / 1M
    "lambda_edge": "12.625125",  # 20M x .60 / 1M + 20M x .005 s x .125 GB x .00005001
    "s3": "0.25",  # 100,000 objects x .0025 / 1,000
}


@pytest.fixture(scope="module")
def guide() -> Audit:
    return audited(GUIDE, GUIDE_TEMPLATE)


def cents(amount: Fraction) -> Decimal:
    return to_decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_every_line_is_what_a_hand_makes_of_it(guide: Audit) -> None:
    found = {each.reading.line.id: (each.reading.amount, each.corrected) for each in guide.lines}
    assert found == {name: (Fraction(one), Fraction(two)) for name, (one, two) in BY_HAND.items()}


def test_everything_without_a_line_is_what_a_hand_makes_of_it(guide: Audit) -> None:
    assert absent(guide) == {service: Fraction(amount) for service, amount in ABSENT.items()}


def test_the_totals_are_those_of_the_architecture_as_described(guide: Audit) -> None:
    assert guide.estimate_total == Fraction("862.40")
    corrected = sum(Fraction(two) for _, two in BY_HAND.values()) + sum(map(Fraction, ABSENT.values()))
    assert guide.total == corrected == Fraction("1467.808225")
    # Valkey: 6 x 730 x (.206 - .1648) less
    assert guide.totals == {"redis_oss": corrected, "valkey": corrected - Fraction("180.456")}
    rounded = [cents(each.corrected) for each in guide.lines]
    rounded += [cents(each.amount) for each in guide.absent if each.amount is not None]
    assert sum(rounded) == Decimal("1467.82")  # the sum of lines that are rounded one by one


def test_the_deviation_is_of_the_corrected_total(guide: Audit) -> None:
    assert guide.deviation == (Fraction("1467.808225") - Fraction("862.40")) / Fraction("1467.808225")
    assert not guide.is_within_tolerance


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("redis", "quantity", "prices 3 nodes, the architecture has 6 nodes"),
        ("redis", "price", "0.226 a node-hour is not the price"),
        ("dynamodb", "outside_line", "ShareLinks: $142.35 a month"),
        ("dynamodb", "no_quantity", "48 x 1M WRU"),
        ("api-fargate", "wrong_dimension", "multiplies vCPU by GB"),
        ("worker-fargate", "wrong_dimension", "multiplies vCPU by GB"),
        ("worker-fargate", "outside_line", "72,000 x GB-hour above 20 GB"),
        ("cloudfront-data", "arithmetic", "makes $174.08, not $170.00"),
        ("cloudfront-data", "free_tier_ignored", "1,024 x GB of 2,048 are free"),
        ("cloudfront-requests", "price_of_another_unit", "it is that of cloudfront http_request"),
        ("cloudfront-requests", "free_tier_ignored", "leaves $0.00"),
        ("secrets", "quantity", "prices 4 secrets, the architecture has 5 secrets"),
        ("secrets", "rounded", "$1.60, which was rounded to $2.00"),
        ("s3-media", "outside_line", "100 x 1,000 objects"),
    ],
)
def test_each_mistake_is_found_and_said(guide: Audit, name: str, code: str, words: str) -> None:
    messages = [finding.message for finding in line(guide, name).findings if finding.code == code]
    assert len(messages) == 1
    assert words in messages[0]


def test_sound_lines_have_no_finding(guide: Audit) -> None:
    for name in ("api-gateway", "s3-get", "s3-put", "s3-cache"):
        assert codes(guide, name) == set()


def test_what_the_scenario_does_not_say_is_named_and_not_priced(guide: Audit) -> None:
    gaps = unknown(guide)
    assert gaps["nat"] == ["nat_gb_per_month"]
    assert set(gaps["dynamodb"]) == {"table_gb", "table_recovery_gb", "stream_reads_per_month"}
    assert set(gaps["lambda_edge"]) == {"origin_requests_per_month"}
    assert not guide.complete
    named = {each.resource for each in guide.unpriced}
    assert {"NatGatewayA", "MediaBucket", "Distribution", "Assets", "OpsAlerts", "AnalyticsConsumer"} <= named
    assert all(each.property is None for each in guide.unpriced)  # it sets nothing that is billed silently


def test_the_hit_ratio_that_its_requests_imply_is_said(guide: Audit) -> None:
    assert [finding.code for finding in guide.findings] == ["implied_hit_ratio"]
    assert "hit ratio of at most 50 %" in guide.findings[0].message


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("spot-workers", "spot_not_priced", "with 70 % on Spot it is $45.32"),  # 88.866 x (.3 + .7 x .3)
        (
            "t3-medium",
            "price",
            "is $49.64, not $25.00; the architecture's 6 nodes would be $297.84",
        ),  # .068 x 730
        ("staging", "no_breakdown", "no breakdown"),
        ("cold-start", "measured_otherwise", "53 to 62 s"),
        ("spot-discount", "spot_varies", "70 %"),
    ],
)
def test_claims_beside_the_lines_are_judged(guide: Audit, name: str, code: str, words: str) -> None:
    claims = {each.claim.id: each.findings[0] for each in audit_claims(guide, BOOK, REFERENCES)}
    assert claims[name].code == code
    assert words in claims[name].message


def test_other_shards_change_the_findings() -> None:
    template = GUIDE_TEMPLATE.replace("NumNodeGroups: 3", "NumNodeGroups: 5")
    result = audited(GUIDE, template)
    assert "has 10 nodes (Redis: 5 shards x (1 primary + 1 replicas))" in said(result, "redis")
    assert line(result, "redis").corrected == Fraction("1503.8")  # 10 x 730 x .206
    claims = {each.claim.id: each.findings[0].message for each in audit_claims(result, BOOK, REFERENCES)}
    assert "10 nodes would be $496.40" in claims["t3-medium"]


def test_an_architecture_that_the_estimate_fits_has_no_finding() -> None:
    template = GUIDE_TEMPLATE.replace("NumNodeGroups: 3", "NumNodeGroups: 1").replace(
        "ReplicasPerNodeGroup: 1", "ReplicasPerNodeGroup: 2"
    )
    estimate = GUIDE.replace("price = 0.226", "price = 0.206").replace("$0.226/hour", "$0.206/hour")
    result = audited(estimate.replace("amount = 495", "amount = 451.14"), template)  # 3 x 730 x .206
    assert codes(result, "redis") == set()


def test_another_scenario_changes_quantities_and_findings() -> None:
    estimate = GUIDE.replace("edge_requests_per_month = 10_000_000", "edge_requests_per_month = 30_000_000")
    result = audited(estimate, GUIDE_TEMPLATE)
    assert line(result, "cloudfront-requests").corrected == 20  # (30M - 10M free) x .01 / 10,000
    assert "the formula makes $22.50, not $7.50" in said(result, "cloudfront-requests")
    assert absent(result)["waf"] == 27  # 5 + 4 + 30 x .6
    assert "at most 83 %" in result.findings[0].message


def test_another_table_capacity_changes_what_lies_outside() -> None:
    template = GUIDE_TEMPLATE.replace("ReadCapacityUnits: 1000", "ReadCapacityUnits: 200")
    result = audited(GUIDE, template)
    assert absent(result)["dynamodb"] == Fraction("66.43")  # 200 x .00013 x 730 + 47.45
    assert "$66.43 a month" in said(result, "dynamodb")


def test_tasks_on_spot_are_priced_as_such() -> None:
    template = GUIDE_TEMPLATE.replace("LaunchType: FARGATE\n", "\n")
    result = audited(GUIDE, template)
    # the cluster's weights: 3 of 4 tasks on Spot at .3 of the price: 88.866 x (.25 + .75 x .3)
    assert line(result, "worker-fargate").corrected == Fraction("88.866") * Fraction("0.475")
    claims = {each.claim.id: each.findings[0].code for each in audit_claims(result, BOOK, REFERENCES)}
    assert claims["spot-workers"] == "spot_priced"


def test_a_desired_count_above_the_estimate_is_the_floor() -> None:
    template = GUIDE_TEMPLATE.replace("DesiredCount: 1", "DesiredCount: 4")
    result = audited(GUIDE, template)
    # 4 x 730 task-hours at .09874
    assert line(result, "worker-fargate").corrected == Fraction("0.09874") * 2920
    assert "has 4 tasks round the clock (2,920 task-hours), the estimate 900" in said(
        result, "worker-fargate"
    )
