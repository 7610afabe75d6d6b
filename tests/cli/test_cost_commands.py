"""`cost prices` and `cost price` as their users call them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.served import tidegauge

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
