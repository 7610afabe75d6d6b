"""Estimates as their authors write them: ways to say a line, and mistakes named by file and line."""

from __future__ import annotations

from fractions import Fraction

import pytest
from audits import absent, audited, codes, line, said
from cost_builders import GB, item, usage

from tidegauge.cost.audit.estimate import read_estimate
from tidegauge.errors import TidegaugeError

HEAD = 'name = "launch"\n[scenario]\nviews_per_month = 1_000_000\n'


def estimate(*lines: str) -> str:
    return HEAD + "".join(f'[[line]]\nid = "line{at}"\n{text}\n' for at, text in enumerate(lines))


NODE = 'attributes = {engine = "redis", node_type = "cache.r6g.large"}'
REDIS = f'service = "elasticache"\nunit = "node_hour"\n{NODE}'
STORAGE = 'service = "s3"\nunit = "storage_byte_month"\nattributes = {storage_class = "standard"}'


@pytest.mark.parametrize(
    "text",
    [
        "quantity = 2190\nprice = 0.206\namount = 451.14",
        'quantity = "2190"\nprice = "0.206"\namount = "451.14"',
        "quantity = 2190\nprice = 0.206",
        'formula = "3 * 730"\nprice = 0.206',
        'formula = "3 nodes * 730 hours"\nprice = 0.206',
        'formula = "3 * 730 * 0.206"\nquantity = 2190\nprice = 0.206\namount = 451.14',
        'formula = "3 * 730 hours * $0.206/hour"\nquantity = 2190',
        'formula = "3 nodes * 730"\nquantity = 2190\nprice = 0.206\namount = 451.14',
    ],
)
def test_one_line_can_be_written_in_several_ways(text: str) -> None:
    result = audited(estimate(f"{REDIS}\n{text}"))
    found = line(result, "line0")
    assert (found.reading.quantity, found.reading.amount) == (2190, Fraction("451.14"))
    assert found.corrected == Fraction("451.14")
    assert codes(result, "line0") == set()


@pytest.mark.parametrize(
    "text",
    [
        "quantity = 500\nprice = 0.023\namount = 11.50",  # list units: GB-months
        f"quantity = {500 * GB}\nprice = 0.023\namount = 11.50",  # units of the book
        'formula = "500 GB"\nprice = 0.023\namount = 11.50',
        'formula = "0.5 TB * 500 / 512 * $0.023/GB"\nprice = 0.023\namount = 11.50',
    ],
)
def test_quantities_are_read_in_units_or_list_units(text: str) -> None:
    found = line(audited(estimate(f"{STORAGE}\n{text}")), "line0")
    assert (found.reading.quantity, found.corrected, found.findings) == (500 * GB, Fraction("11.5"), ())


def test_a_price_of_a_single_unit_is_read_too() -> None:
    text = (
        'service = "cloudfront"\nunit = "https_request"\nattributes = { geo = "us" }\n'
        "quantity = 20_000_000\nprice = 0.000001\namount = 20"
    )
    result = audited(estimate(text))
    assert line(result, "line0").reading.amount == 20
    assert line(result, "line0").corrected == 10  # 10M are free
    assert codes(result, "line0") == {"free_tier_ignored"}


def test_wrong_arithmetic_is_said() -> None:
    result = audited(estimate(f"{REDIS}\nquantity = 2190\nprice = 0.206\namount = 500"))
    assert "quantity times price is $451.14, not $500.00" in said(result, "line0")


def test_a_wrong_sum_of_lines_is_said() -> None:
    result = audited("total = 900\n" + estimate(f"{REDIS}\nquantity = 2190\nprice = 0.206"))
    assert [finding.code for finding in result.findings] == ["sum"]


def test_free_units_are_shared_by_the_lines_of_one_pool() -> None:
    """6M HTTP and 6M HTTPS requests draw on one pool of 10M; the dearer ones are free first."""
    lines = [
        f'service = "cloudfront"\nunit = "{unit}"\nattributes = {{ geo = "us" }}\n'
        f"quantity = 6_000_000\nprice = {price}"
        for unit, price in (("http_request", 0.0075), ("https_request", 0.01))
    ]
    result = audited(estimate(*lines))
    assert (line(result, "line0").corrected, line(result, "line1").corrected) == (Fraction("1.5"), 0)


def test_a_run_goes_before_the_estimate_and_the_scenario() -> None:
    text = 'service = "apigateway"\nunit = "http_request"\nquantity = 1_000_000\nprice = 1.00\namount = 1'
    measured = usage(
        item("apigateway", "http_request", 3_000_000), item("sqs", "fifo_request", 4_000_000, flow=None)
    )
    result = audited(estimate(text), measured=measured)
    found = line(result, "line0")
    assert (found.basis, found.corrected) == ("run", 3)
    assert "the run, scaled, makes 3,000,000" in said(result, "line0")
    assert absent(result) == {"sqs": Fraction("1.5")}  # (4M - 1M free) x .50 / 1M


def test_an_amount_without_a_quantity_is_kept_and_says_what_it_buys() -> None:
    result = audited(estimate('service = "cloudwatch"\ncovers = ["log_ingested_byte"]\namount = 10'))
    found = line(result, "line0")
    assert (found.basis, found.corrected) == ("kept", 10)
    assert "it buys 20 x GB of log_ingested_byte" in said(result, "line0")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (f'{REDIS}\nformula = "3 nodes * * 2"', 14, "'3 nodes \\* \\* 2' cannot be read"),
        (f'{REDIS}\nformula = "wievs_per_month"', 14, "did you mean 'views_per_month'"),
        (f"{REDIS}\nquantity = -1\nprice = 1", 14, "negative"),
        (f"{REDIS}\nquantity = nan\nprice = 1", 14, "finite"),
        (f"{REDIS}\nquantity = inf\nprice = 1", 14, "finite"),
        (f"{REDIS}\nquantity = 1", 9, "no amount"),
        (f"{REDIS}\nquantity = 1\nprise = 1", 15, "unknown key"),
        ('service = "elasticache"\nunit = "nodes_hour"\namount = 1', 12, "no unit"),
        ('service = "elastic"\nunit = "node_hour"\namount = 1', 11, "no service"),
        (f"{REDIS}\namount = true", 14, "not a number"),
        ('service = "fargate"\nunit = "task_hour"\nquantity = 1\namount = 1', 9, "size of a task"),
        (
            'service = "fargate"\nunit = "task_hour"\nattributes = {vcpu = "half"}\namount = 1',
            13,
            "finite decimal",
        ),
    ],
)
def test_mistakes_are_named_by_file_line_and_key(text: str, where: int, words: str) -> None:
    with pytest.raises(TidegaugeError, match=words) as caught:
        audited("# a comment\n\n\n\n\n" + estimate(text))
    assert f"estimate.toml:{where}: line.0" in caught.value.message


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("name = 'x'", "no \\[\\[line\\]\\]"),
        ("name = 'x'\nlime = 1", "unknown key"),
        ("name = 'x'\n[scenario]\nusers = 'many'", "scenario.users"),
        ("name = 'x'\n[scenario.flows]\nview = 'views'", "which \\[scenario\\] does not have"),
        ("name = 'x'\nline = 3", "line is not a list"),
        ("name = ", "no TOML"),
        ("[[line]]\nid = 'a'\nservice = 's3'\namount = 1", "name is required"),
    ],
)
def test_documents_that_are_no_estimate_are_refused(document: str, words: str) -> None:
    with pytest.raises(TidegaugeError, match=words) as caught:
        read_estimate(document, "estimate.toml")
    assert caught.value.message.startswith("estimate.toml")


def test_two_lines_of_one_name_are_refused() -> None:
    twice = estimate(f"{REDIS}\namount = 1") + f'[[line]]\nid = "line0"\n{REDIS}\namount = 1\n'
    with pytest.raises(TidegaugeError, match="second line 'line0'"):
        read_estimate(twice)
