"""`cost prices` and `cost price` as their users call them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import program, tidegauge

ITEM = {
    "flow": "view",
    "service": "cloudfront",
    "unit": "https_request",
    "attributes": {"geo": "us"},
    "quantity": "85000",
    "provenance": "counted",
}


def write(path: Path, *items: dict[str, Any]) -> Path:
    document = {"schema_version": 1, "region": "us-east-1", "window_s": 60, "items": items}
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


@pytest.mark.option("cost price --no-free-tier", "cost price --json")
def test_a_bill_sums_exactly_and_follows_its_switches(tmp_path: Path) -> None:
    usage = write(tmp_path / "usage.json", ITEM, ITEM | {"flow": None, "quantity": "12000000"})
    code, free, _ = tidegauge("cost", "price", usage)
    assert (code, free["free_tier"], free["missing"]) == (0, True, [])
    # (85,000 + 12,000,000 - 10,000,000 free) x 0.0100 / 10,000
    assert Decimal(free["total"]) == Decimal("2.085")
    assert sum(Decimal(line["amount"]) for line in free["lines"]) == Decimal("2.085")
    _, gross, _ = tidegauge("cost", "price", usage, "--no-free-tier")
    assert (gross["free_tier"], Decimal(gross["total"])) == (False, Decimal("12.085"))
    assert {line["tier"] for line in gross["lines"]} == {"all"}


def test_a_bill_says_which_of_its_prices_are_not_official(tmp_path: Path) -> None:
    plan = {"service": "cloudfront", "unit": "plan_month", "attributes": {"plan": "pro"}, "quantity": "1"}
    usage = write(tmp_path / "usage.json", ITEM | plan)
    said = (
        "the price of cloudfront plan_month {plan: pro} is assumed, as consistent secondary sources have it"
    )
    _, document, _ = tidegauge("cost", "price", usage)
    assert [sentence.startswith(said) for sentence in document["unsure_prices"]] == [True]
    _, _, words = program("cost", "price", usage)
    assert said in " ".join(words.split())
    _, official, _ = tidegauge("cost", "price", write(tmp_path / "official.json", ITEM), "--no-free-tier")
    assert official["unsure_prices"] == []


def test_the_order_of_the_files_changes_no_amount(tmp_path: Path) -> None:
    secure = write(tmp_path / "secure.json", ITEM | {"quantity": "9000000"})
    plain = write(tmp_path / "plain.json", ITEM | {"unit": "http_request", "quantity": "11000000"})
    bills = [tidegauge("cost", "price", *files)[1] for files in ((secure, plain), (plain, secure))]
    # all 9M HTTPS are free and 1M HTTP too: 10M x .0075 / 10,000
    assert [Decimal(bill["total"]) for bill in bills] == [Decimal("7.5"), Decimal("7.5")]
    amounts = [
        sorted((line["unit"], line["tier"], line["amount"]) for line in bill["lines"]) for bill in bills
    ]
    assert amounts[0] == amounts[1]


EGRESS = ITEM | {"unit": "egress_byte", "quantity": str(20 * 2**40)}  # of 0.085 for 10 TB, then 0.080, a GB


@pytest.mark.option("cost price --no-tiers")
def test_without_tiers_every_unit_costs_the_first_ones_price(tmp_path: Path) -> None:
    _, bill, _ = tidegauge("cost", "price", write(tmp_path / "usage.json", EGRESS), "--no-tiers")
    assert Decimal(bill["total"]) == 20 * 1024 * Decimal("0.085")


@pytest.mark.option("cost price --free-tier", "cost price --tiers")
@pytest.mark.parametrize("switches", [(), ("--free-tier", "--tiers")])
def test_tiers_are_filled_and_a_free_terabyte_taken_off_unless_told(
    tmp_path: Path, switches: tuple[str, ...]
) -> None:
    _, bill, _ = tidegauge("cost", "price", write(tmp_path / "usage.json", EGRESS), *switches)
    # 10 x 1,024 at 0.085 and 10 x 1,024 at 0.080, less a TB of them
    assert 1600 - 0.085 * 1024 < Decimal(bill["total"]) < 1024 * (10 * Decimal("0.165") - Decimal("0.079"))
    assert bill["free_tier"] is True


@pytest.mark.option("cost price --month")
def test_a_window_is_scaled_to_a_month(tmp_path: Path) -> None:
    usage = write(tmp_path / "usage.json", ITEM | {"quantity": "1000"})
    _, bill, _ = tidegauge("cost", "price", usage, "--month", "--no-free-tier")
    assert Decimal(bill["total"]) == Decimal("43.8")  # 1,000 a minute are 43.8M in 730 h, at 0.01 / 10,000


@pytest.mark.option("cost price --max-age-days")
def test_prices_older_than_asked_for_are_named(tmp_path: Path) -> None:
    usage = write(tmp_path / "usage.json", EGRESS)
    _, aged, _ = tidegauge("cost", "price", usage, "--max-age-days", 0)
    _, fresh, _ = tidegauge("cost", "price", usage, "--max-age-days", 36_500)
    assert any(sentence.startswith("cloudfront egress_byte") for sentence in aged["old_prices"])
    assert not any(sentence.startswith("cloudfront egress_byte") for sentence in fresh["old_prices"])


def test_a_unit_without_a_price_makes_the_total_null_and_names_the_line(tmp_path: Path) -> None:
    usage = write(tmp_path / "usage.json", ITEM, ITEM | {"unit": "htps_request"})
    code, bill, said = tidegauge("cost", "price", usage)
    assert (code, bill["total"], len(bill["missing"])) == (2, None, 1)
    line = 1 + usage.read_text(encoding="utf-8").splitlines().index("  {", 6)  # the second item's brace
    assert f"usage.json:{line}: items.1" in said
    assert "did you mean 'https_request'?" in said


def test_a_negative_quantity_is_named_by_file_and_line(tmp_path: Path) -> None:
    usage = write(tmp_path / "usage.json", ITEM | {"quantity": "-5"})
    lines = usage.read_text(encoding="utf-8").splitlines()
    line = 1 + next(number for number, text in enumerate(lines) if '"-5"' in text)
    code, document, _ = tidegauge("cost", "price", usage)
    assert code == 2
    assert f"usage.json:{line}: items.0.quantity is negative" in document["error"]["message"]


@pytest.mark.option("cost prices --service", "cost prices --json")
def test_every_price_is_listed_with_its_date_and_source() -> None:
    code, document, _ = tidegauge("cost", "prices", "--service", "elasticache")
    assert code == 0
    row = next(
        row
        for row in document["prices"]
        if row["attributes"] == {"engine": "valkey", "node_type": "cache.r6g.large"}
    )
    assert (row["unit"], row["price"], row["price_date"]) == ("node_hour", "0.1648", "2026-09-25")


def test_an_unknown_service_lists_the_known_ones() -> None:
    code, document, _ = tidegauge("cost", "prices", "--service", "sqss")
    assert code == 2
    assert "sqs" in document["error"]["hint"]
