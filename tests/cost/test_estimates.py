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
        'formula = "3 * 730 hours * $0.206/hour"\nprice = 0.206',
        'formula = "3 * 730 hours * $0.206/hour"',
        'formula = "$451.14"\nprice = 0.206',
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
        "quantity = 500\nprice = 0.023",
        "quantity = 500\nprice = 0.023\namount = 11.50",
        'quantity = "500"\nprice = 0.023',
        'quantity = "500 GB"\nprice = 0.023',
        'quantity = "500 GB-months"\nprice = "$0.023/GB-month"',
        'quantity = "0.5 TB - 12 GB"\nprice = "$23.552/TB"',
        'quantity = 500\nprice = "$0.023"\namount = "$11.50/month"',
        f'quantity = "{500 * GB} bytes"\nprice = 0.023',
        'formula = "500"\nprice = 0.023\namount = 11.50',
        'formula = "500 GB"\nprice = 0.023\namount = 11.50',
        'formula = "0.5 TB * 500 / 512 * $0.023/GB"\nprice = 0.023\namount = 11.50',
        "price = 0.023\namount = 11.50",  # what the amount buys
    ],
)
def test_a_bare_quantity_of_bytes_is_in_gigabytes_and_a_text_names_its_unit(text: str) -> None:
    found = line(audited(estimate(f"{STORAGE}\n{text}")), "line0")
    assert (found.reading.quantity, found.corrected, found.findings) == (500 * GB, Fraction("11.5"), ())


GETS = 'service = "s3"\nunit = "get_request"\nattributes = {storage_class = "standard"}'


@pytest.mark.parametrize("quantity", ["5_000_000", '"5,000,000"', '"5 M requests"', '"5000K"', '"5 million"'])
@pytest.mark.parametrize("price", ["0.0004", "0.0000004", '"$0.0004/1000"', '"$0.40/M"', '"0.0004 per 1K"'])
def test_every_other_bare_quantity_is_in_single_units_whatever_the_price_is_per(
    quantity: str, price: str
) -> None:
    result = audited(estimate(f"{GETS}\nquantity = {quantity}\nprice = {price}\namount = 2"))
    found = line(result, "line0")
    assert (found.reading.quantity, found.corrected, found.findings) == (5_000_000, 2, ())


@pytest.mark.parametrize(
    ("text", "corrected", "words"),
    [
        # 5,000 thousands were meant
        (
            f"{GETS}\nquantity = 5000\nprice = 0.0004\namount = 2",
            "0.002",
            "$2.00 is 1,000 times what 5,000 get",
        ),
        (f"{GETS}\nquantity = 5000\namount = 2", "0.002", "$2.00 is 1,000 times what 5,000 get_request cost"),
        (f"{GETS}\nquantity = 5_000_000\nprice = 0.4\namount = 2000", "2", "it is 1,000 times that"),
        # bytes, where a bare quantity is in GB: 500 x 2^30 GB at .023, .022 and .021 a GB
        (
            f"{STORAGE}\nquantity = {500 * GB}\nprice = 0.023\namount = 11.50",
            "11274289715.2",
            "$11.50 is a 1,073,741,824th of what 536,870,912,000 GB (storage_byte_month) cost",
        ),
        (f"{STORAGE}\nquantity = 500\nprice = 23\namount = 11500", "11.5", "it is 1,000 times that"),
        (f"{REDIS}\nquantity = 2190\nprice = 0.206\namount = 45.114", "451.14", "is a 10th of what 2,190"),
    ],
)
def test_a_line_that_is_off_by_the_size_of_its_unit_says_so(text: str, corrected: str, words: str) -> None:
    result = audited(estimate(text))
    assert line(result, "line0").corrected == Fraction(corrected)
    assert "unit_scale" in codes(result, "line0")
    assert words in said(result, "line0")


OTHER = 'service = "rds"\nsource = "AWS calculator, 2026-09"'


@pytest.mark.parametrize(
    "text",
    [
        f"{OTHER}\namount = 56.94",
        f"{OTHER}\nquantity = 730\nprice = 0.078",
        f'{OTHER}\nunit = "instance_hour"\nquantity = 730\nprice = 0.078\namount = 56.94',
        f'{OTHER}\nquantity = "730 hours"\nprice = "$0.078/hour"',
        f'{OTHER}\nformula = "730 hours × $0.078/hour"',
        'service = "other"\nformula = "730 x $0.078"',
        'service = "s3"\nunit = "vector_byte_month"\nsource = "list"\nquantity = 730\nprice = "$0.078/GB"',
        'service = "elasticache"\nunit = "node_hour"\nsource = "list"\nquantity = 730\nprice = 0.078\n'
        'attributes = {engine = "redis", node_type = "cache.x9.large"}',
    ],
)
def test_a_line_of_what_the_book_lacks_counts_at_its_own_price(text: str) -> None:
    result = audited(estimate(text, f"{REDIS}\nquantity = 2190\nprice = 0.206"))
    found = line(result, "line0")
    assert (found.basis, found.reading.amount, found.corrected) == (
        "kept",
        Fraction("56.94"),
        Fraction("56.94"),
    )
    assert codes(result, "line0") == {"not_checked"}
    assert result.total == result.estimate_total == Fraction("508.08")  # + 451.14
    assert result.is_within_tolerance


def test_what_an_unlisted_line_gets_wrong_itself_is_said() -> None:
    result = audited(estimate(f"{OTHER}\nquantity = 730\nprice = 0.078\namount = 60"))
    assert codes(result, "line0") == {"arithmetic", "not_checked"}
    assert "by its own source, “AWS calculator, 2026-09”" in said(result, "line0")
    assert [finding.code for finding in result.findings] == ["not_checked"]
    assert "$60.00 of both totals is not checked" in result.findings[0].message


def test_an_amount_of_task_hours_alone_is_kept() -> None:
    text = 'service = "fargate"\nunit = "task_hour"\nattributes = {vcpu = "2", memory_gb = "4"}\namount = 90'
    found = line(audited(estimate(text)), "line0")
    assert (found.basis, found.corrected) == ("kept", 90)


def test_nothing_at_all_is_right_and_anything_else_is_wrong() -> None:
    """Standard parameters cost nothing: an estimate of 0 fits, one of 5 is off by no finite share."""
    free = 'service = "ssm"\nunit = "standard_parameter_month"\nquantity = 4\n'
    right, wrong = audited(estimate(free + "price = 0")), audited(estimate(free + "amount = 5"))
    assert (right.total, right.deviation, right.is_within_tolerance) == (0, 0, True)
    assert (wrong.total, wrong.deviation, wrong.is_within_tolerance) == (0, None, False)


def test_a_price_of_a_single_unit_is_read_too() -> None:
    text = (
        'service = "cloudfront"\nunit = "https_request"\nattributes = { geo = "us" }\n'
        "quantity = 20_000_000\nprice = 0.000001\namount = 20"
    )
    result = audited(estimate(text))
    assert line(result, "line0").reading.amount == 20
    assert line(result, "line0").corrected == 10  # 10M are free
    assert codes(result, "line0") == {"free_tier_ignored"}


def test_figures_of_the_scenario_may_name_their_unit() -> None:
    text = 'name = "x"\n[scenario]\nedge_gb_per_month = "2 TB"\nviews_per_month = "10 M"\nusers = "1,000"\n'
    read = read_estimate(f'{text}[[line]]\nid = "a"\nservice = "other"\namount = 1')
    assert read.names == {"edge_gb_per_month": 2048, "views_per_month": 10_000_000, "users": 1000}


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
        ('service = "elasticach"\nunit = "node_hour"\namount = 1', 11, "no service"),
        (f'{REDIS}\nformula = "9e99M * 9e99B USD"', 14, "out of range"),
        (f'{REDIS}\nformula = "1e-99 * 1e-99"', 14, "out of range"),
        (f'{REDIS}\nquantity = "1e40"\nprice = 1', 14, "out of range"),
        (f"{REDIS}\nquantity = 1e30\nprice = 1e30", 9, "out of range"),
        (f'{REDIS}\nformula = "1,5 × $0.206"', 14, "a comma separates thousands"),
        (f'{REDIS}\nformula = "€5"', 14, "US dollars"),
        (f'{REDIS}\nformula = "20–40 × $1"', 14, "a range is no amount"),
        (f'{REDIS}\nquantity = "5 GB"\nprice = 1', 14, "is in GB; elasticache node_hour is billed by hour"),
        (f'{REDIS}\nquantity = "5 hours - 6 hours"\nprice = 1', 14, "negative"),
        (f'{REDIS}\nquantity = 5\nprice = "$1/GB"', 15, "is in USD / GB"),
        (f'{REDIS}\nquantity = "wievs_per_month"\nprice = 1', 14, "did you mean 'views_per_month'"),
        (f"{REDIS}\nquantity = 1979-05-27\nprice = 1", 14, "not a number"),
        (f"{REDIS}\nquantity = [1]\nprice = 1", 14, "not a number"),
        (f"{REDIS}\nprice = false\namount = 1", 14, "not a number"),
        (f'{REDIS}\namount = "$five"', 14, "not a finite decimal"),
        (f"{REDIS}\nformula = 5", 14, "not a text"),
        (f"{REDIS}\namount = 1\nsource = 5", 15, "not a text"),
        (f'{REDIS}\namount = 1\nnet_of_free_tier = "yes"', 15, "true or false"),
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
        ("name = 'x'\n[scenario]\nusers = '2 TB'", "users is in GB"),
        ("name = 'x'\n[scenario]\nusers = '1e40'", "users is out of range"),
        ("name = 'x'\n[scenario]\nusers = '0 - 5 M'", "users is negative"),
        ("name = 'x'\n[scenario]\nbehaviours = 5", "behaviours is not a table"),
        ("name = 'x'\n[scenario.behaviours]\n'/a' = -1", "negative"),
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
