"""Formulas as people write them: forms of calculator exports, READMEs and spreadsheets, with sums by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from audits import audited, codes, line

HEAD = 'name = "x"\n[scenario]\nviews_per_month = 1_000_000\n[[line]]\nid = "it"\n'
UNITS = {
    "node": (
        'service = "elasticache"\nunit = "node_hour"\n'
        'attributes = {engine = "redis", node_type = "cache.r6g.large"}\n'
    ),
    "storage": 'service = "s3"\nunit = "storage_byte_month"\nattributes = {storage_class = "standard"}\n',
    "get": 'service = "s3"\nunit = "get_request"\nattributes = {storage_class = "standard"}\n',
    "put": 'service = "s3"\nunit = "put_request"\nattributes = {storage_class = "standard"}\n',
    "egress": 'service = "cloudfront"\nunit = "egress_byte"\nattributes = {geo = "us"}\n',
    "https": 'service = "cloudfront"\nunit = "https_request"\nattributes = {geo = "us"}\n',
    "api": 'service = "apigateway"\nunit = "http_request"\n',
    "nat": 'service = "nat"\nunit = "gateway_hour"\n',
    "nat_gb": 'service = "nat"\nunit = "processed_byte"\n',
    "alb": 'service = "alb"\nunit = "load_balancer_hour"\n',
    "task": 'service = "fargate"\nunit = "task_hour"\nattributes = {vcpu = "0.5", memory_gb = "1"}\n',
    "vcpu": (
        'service = "fargate"\nunit = "vcpu_second"\nattributes = {arch = "x86", capacity = "on_demand"}\n'
    ),
    "memory": (
        'service = "fargate"\nunit = "gb_second"\nattributes = {arch = "x86", capacity = "on_demand"}\n'
    ),
    "lambda": 'service = "lambda"\nunit = "gb_second"\nattributes = {arch = "x86"}\n',
    "metric": 'service = "cloudwatch"\nunit = "custom_metric_month"\n',
    "secret": 'service = "secretsmanager"\nunit = "secret_month"\n',
    "ip": 'service = "vpc"\nunit = "public_ipv4_hour"\n',
    "minutes": 'service = "apigateway"\nunit = "connection_minute"\n',
    "rds": 'service = "rds"\nsource = "the calculator"\n',
}
GB = 2**30

# (unit, formula, USD, units of the book that it is of)
WRITTEN = [
    ("nat", "730 hours in a month x 0.045 USD = 32.85 USD", "32.85", 730),
    ("nat", "NAT Gateway: 730 hours in a month x 0.045 USD", "32.85", 730),
    ("nat", "2 x $0.045 x 730 hrs", "65.70", 1460),
    ("nat", "3 x $0.045/hr x 730 hrs  = $98.55 / month", "98.55", 2190),
    ("nat", "~$32.85/mo", "32.85", 730),
    ("nat", "2 NAT gateways × $32.85 a month", "65.70", 1460),
    ("nat_gb", "50 x $0.045", "2.25", 50 * GB),
    ("nat_gb", "20,000 GB x $0.045/GB    = $900.00", "900", 20_000 * GB),
    ("alb", "Application Load Balancer: 730 hours in a month x 0.0225 USD = 16.43 USD", "16.43", None),
    ("alb", "$0.0225 per hour × 730 hours", "16.425", 730),
    ("storage", "50 GB @ $0.023/GB = $1.15", "1.15", 50 * GB),
    ("storage", "100GB × $0.023/GB/month", "2.30", 100 * GB),
    ("storage", "500 GB x 0.0230000000 USD = 11.50 USD (S3 Standard storage cost)", "11.50", 500 * GB),
    ("storage", "0.5 TB × $0.023 per GB-Mo", "11.776", 512 * GB),
    ("storage", "25,920 GB × $0.023 = $596/month", "596", None),
    ("storage", "1'000 GB * 0.023$", "23", 1000 * GB),
    ("storage", "2 TB = 2048 GB × $0.023 = $47.104", "47.104", 2048 * GB),
    ("get", "5M requests × $0.0004/1000", "2", 5_000_000),
    ("get", "1,000 GET requests × $0.0004/1000 = $0.0004/month", "0.0004", 1000),
    ("get", "(2+3)M requests × $0.0004 per 1,000 requests", "2", 5_000_000),
    ("get", "5 million × $0.0004/K", "2", 5_000_000),
    (
        "put",
        "100,000 PUT requests for S3 Standard Storage x 0.000005 USD per request = 0.50 USD (PUT cost)",
        "0.50",
        100_000,
    ),
    ("put", "100K × $5/1M", "0.50", 100_000),
    ("egress", "2GB data transfer × $0.085/GB", "0.17", 2 * GB),
    ("egress", "(2 TB - 1 TB free) × $0.085/GB = $87.04", "87.04", 2048 * GB),
    ("https", "10,000 HTTPS requests × $0.0100/10000 = $0.01/month", "0.01", 10_000),
    ("https", "20M requests @ 1 cent per 10K", "20", 20_000_000),
    ("api", "1M requests × $1.00/million", "1", 1_000_000),
    ("api", "100,000 requests/day × 30 days × $1/M", "3", 3_000_000),
    ("api", "0.5M a week x 4 weeks x $1.00 per million requests", "2", 2_000_000),
    ("api", "views_per_month x 3 x $1 / 1M", "3", 3_000_000),
    ("node", "cache.r6g.large × 3 nodes × 730 hours × $0.206/hour", "451.14", 2190),
    ("node", "2 nodes @ $0.206/hr × 730 hrs", "300.76", 1460),
    ("node", "3 x 24 hours x 30 days @ $0.206/hr", "444.96", 2160),
    ("node", "3 nodes × 30 days × $0.206/hour", "444.96", 2160),
    ("node", "$0.206 x 24 hours/day x 7 days/week x 4 weeks/month", "138.432", 672),
    ("node", "3 nodes × $150.38/month", "451.14", 2190),
    ("node", "3*730*0.206", "451.14", 2190),
    (
        "node",
        "2 instances x 0.206 USD On Demand hourly cost x 730 hours in a month = 300.76 USD",
        "300.76",
        1460,
    ),
    ("task", "2 tasks × 730 hours × $0.024685/hour", "36.0401", 1460),
    (
        "vcpu",
        "1 tasks x 0.50 vCPU x 730 hours x 0.04048 USD per hour = 14.78 USD for vCPU hours",
        "14.78",
        None,
    ),
    ("memory", "1 tasks x 1.00 GB x 730 hours x 0.004445 USD per GB per hour", "3.24485", 730 * 3600),
    ("lambda", "10M requests x 200 ms x 0.5 GB x $0.0000166667/GB-second", "16.6667", 1_000_000),
    ("lambda", "(500,000 - 400,000) GB-seconds x 0.0000166667 USD", "1.66667", 500_000),
    ("metric", "6 metrics × 4 nodes × $0.30/month = $7.20", "7.20", 24),
    ("secret", "$0.40/secret/month × 5 secrets", "2", 5),
    ("ip", "10 IPs x 0.5 cents per hour x 730 hours in a month = $36.5 per month", "36.5", 7300),
    ("minutes", "4M connection-minutes × $0.25/M", "1", 4_000_000),
    (
        "rds",
        "1 instance(s) x 0.078 USD hourly x (100 / 100 Utilized/Month) x 730 hours in a month = 56.9400 USD",
        "56.94",
        None,
    ),
    ("rds", "20 GB x 0.115 USD/GB (gp2) + 2 x $0.50", "3.30", None),
]


@pytest.mark.parametrize(("unit", "formula", "amount", "quantity"), WRITTEN)
def test_a_formula_makes_what_its_author_means(
    unit: str, formula: str, amount: str, quantity: int | None
) -> None:
    result = audited(f'{HEAD}{UNITS[unit]}formula = "{formula}"\n')
    reading = line(result, "it").reading
    assert reading.amount == Fraction(amount)
    if quantity is not None:
        assert reading.quantity == quantity
    assert codes(result, "it") <= {"not_checked", "free_tier_ignored"}  # nothing is wrong with any of them


@pytest.mark.parametrize(
    ("unit", "formula", "code"),
    [
        ("node", "3 nodes × 730 hours × $0.426/hour", "price"),  # .206
        ("node", "3 * 730 * 0.426", "price"),
        ("node", "2 x $0.412 x 730 hrs = $601.52", "price"),
        ("alb", "$19.71/month", "price"),  # .027 x 730
        ("storage", "500 GB × $0.031", "price"),
        ("storage", "500 GB × $23/GB", "unit_scale"),  # of a TB
        ("get", "5M × $0.0004/request", "unit_scale"),
        ("task", "2 tasks × 730 hours × $0.05/hour", "price"),
        ("egress", "10 TB × $0.085/GB + 2 TB × $0.09/GB", "price"),  # the second tier is .080
        ("egress", "(2 TB - 500 GB free) × $0.085/GB", "free_units"),
        ("storage", "(500 - 5) GB free × $0.023 - 5 GB free × $0.023", "free_units"),  # none are free
        ("nat", "730 hours x 0.045 USD = 38.25 USD", "arithmetic"),
        ("node", "3 nodes × 730 GB × $0.206", "wrong_dimension"),
    ],
)
def test_what_is_wrong_inside_a_formula_is_found(unit: str, formula: str, code: str) -> None:
    text = f'{HEAD}{UNITS[unit]}formula = "{formula}"\n'
    found = codes(audited(text + "amount = 9\n" if code == "wrong_dimension" else text), "it")
    assert code in found


@pytest.mark.parametrize(
    ("formula", "amount"), [("$22", 22), ("~$30 + $12.50", "42.5"), ("20 USD (ALB base)", 20)]
)
def test_dollars_alone_are_an_amount_and_no_price(formula: str, amount: str | int) -> None:
    result = audited(f'{HEAD}{UNITS["alb"]}formula = "{formula}"\n')
    found = line(result, "it")
    assert (found.basis, found.corrected) == ("kept", Fraction(amount))
    assert codes(result, "it") == {"no_quantity"}


def test_tiers_in_a_formula_are_the_books() -> None:
    found = audited(f'{HEAD}{UNITS["egress"]}formula = "10 TB × $0.085/GB + 2 TB × $0.080/GB"\n')
    assert line(found, "it").reading.amount == Fraction("1034.24")
    assert "price" not in codes(found, "it")


@pytest.mark.parametrize(
    "formula",
    [
        "(2048 - 1024) GB × $0.085/GB",
        "(2 TB - 1 TB) × $0.085/GB",
        "(2048 GB - 1 TB free tier) × $0.085",
        "2048 GB × $0.085 - 1024 GB × $0.085",
        "2 TB × $0.085/GB - 1 TB free × $0.085/GB",
        "(edge_gb - 1024) GB × $0.085/GB",
    ],
)
def test_a_formula_net_of_the_free_tier_is_not_reduced_again(formula: str) -> None:
    """2,048 GB less the free terabyte are 1,024 GB at .085, whatever way it is written."""
    text = f'{HEAD}{UNITS["egress"]}formula = "{formula}"\n'.replace("[[line]]", "edge_gb = 2048\n[[line]]")
    result = audited(text)
    found = line(result, "it")
    assert (found.reading.amount, found.corrected) == (Fraction("87.04"), Fraction("87.04"))
    assert codes(result, "it") == set()


def test_a_quantity_net_of_the_free_tier_says_so() -> None:
    text = f"{HEAD}{UNITS['https']}quantity = 2_000_000\nprice = 0.01\nnet_of_free_tier = true\n"
    found = line(audited(text), "it")
    assert (found.reading.amount, found.corrected, found.reading.quantity) == (2, 2, 12_000_000)
