"""`cost prices` and `cost prices refresh` as their users call them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.served import ROOT, Answer, http_server, tidegauge

OFFERS = ROOT / "tests" / "collect" / "price_offers"
VCPU_HOUR = {
    "flow": "upload",
    "service": "fargate",
    "unit": "vcpu_second",
    "attributes": {"arch": "x86", "capacity": "on_demand"},
    "quantity": "3600",
    "provenance": "counted",
}


def write_usage(path: Path, region: str = "us-east-1") -> Path:
    document = {"schema_version": 1, "region": region, "window_s": 60, "items": [VCPU_HOUR]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.option(
    "cost prices refresh --from",
    "cost prices refresh --out",
    "cost prices refresh --json",
    "cost price --prices",
)
def test_a_refreshed_book_prices_usage_and_the_packaged_one_stays(tmp_path: Path) -> None:
    book, usage = tmp_path / "prices.json", write_usage(tmp_path / "usage.json")
    code, document, said = tidegauge("cost", "prices", "refresh", "--from", OFFERS, "--out", book)
    assert (code, said) == (0, "")
    assert document["offers"]["AmazonECS"] == "2026-10-15"
    changed = [row for row in document["changes"] if row["fate"] == "changed"]
    assert [(row["unit"], row["attributes"]["capacity"], row["old"], row["new"]) for row in changed] == [
        ("vcpu_second", "on_demand", "0.04048", "0.041"),
        ("vcpu_second", "spot", "0.012144", "0.0123"),  # 0.30 x
    ]
    _, new, _ = tidegauge("cost", "price", usage, "--prices", book)
    line = new["lines"][0]
    assert (new["total"], line["price_date"]) == ("0.041", "2026-10-15")
    assert line["source"] == "AWS price list AmazonECS, SKU ECSVCPUX86000001"
    _, old, _ = tidegauge("cost", "price", usage)
    assert old["total"] == "0.04048"


@pytest.mark.option("cost prices --prices")
def test_the_refreshed_book_is_shown_with_its_dates(tmp_path: Path) -> None:
    book = tmp_path / "prices.json"
    tidegauge("cost", "prices", "refresh", "--from", OFFERS, "--out", book)
    code, document, _ = tidegauge("cost", "prices", "--prices", book, "--service", "cloudfront")
    assert code == 0
    dates = {(row["unit"], row["attributes"].get("geo")): row["price_date"] for row in document["prices"]}
    assert dates["egress_byte", "us"] == "2026-08-31"
    assert dates["plan_month", None] == "2026-09-05"  # in no offer: as it was


def test_nothing_is_written_without_a_name_or_over_a_file(tmp_path: Path) -> None:
    code, document, _ = tidegauge("cost", "prices", "refresh", "--from", OFFERS)
    assert (code, document["out"]) == (0, None)
    taken = tmp_path / "taken.json"
    taken.write_text("mine", encoding="utf-8")
    code, document, _ = tidegauge("cost", "prices", "refresh", "--from", OFFERS, "--out", taken)
    assert (code, taken.read_text(encoding="utf-8")) == (2, "mine")
    assert "exists already" in document["error"]["message"]


def test_a_second_regions_book_is_a_file(tmp_path: Path) -> None:
    book = json.loads((ROOT / "tidegauge/cost/prices/us-east-1.json").read_text(encoding="utf-8"))
    book["region"] = "eu-west-1"
    for row in book["prices"]:
        if row["service"] == "fargate" and row["unit"] == "vcpu_second":
            row["price"] = "0.05"
    path = tmp_path / "eu-west-1.json"
    path.write_text(json.dumps(book), encoding="utf-8")
    usage = write_usage(tmp_path / "usage.json", "eu-west-1")
    code, bill, _ = tidegauge("cost", "price", usage, "--prices", path)
    assert (code, bill["total"]) == (0, "0.05")
    code, document, _ = tidegauge("cost", "price", usage)
    assert (code, "no prices for region 'eu-west-1'" in document["error"]["message"]) == (2, True)
    code, document, _ = tidegauge("cost", "price", write_usage(tmp_path / "us.json"), "--prices", path)
    assert code == 2
    assert "has the prices of region eu-west-1, not of us-east-1" in document["error"]["message"]


@pytest.mark.option("cost prices refresh --region")
def test_a_new_regions_book_holds_what_is_offered_there_and_blocks_the_rest(tmp_path: Path) -> None:
    book = tmp_path / "eu-west-1.json"
    code, document, _ = tidegauge(
        "cost", "prices", "refresh", "--region", "eu-west-1", "--from", OFFERS, "--out", book
    )
    assert (code, document["region"]) == (0, "eu-west-1")
    assert document["counts"]["added"] == 3  # the edge's prices, which are the same from everywhere
    usage = write_usage(tmp_path / "usage.json", "eu-west-1")
    code, bill, said = tidegauge("cost", "price", usage, "--prices", book)
    assert (code, bill["total"]) == (2, None)
    assert "the price book has no service 'fargate'" in said


@pytest.mark.option("cost prices --region")
def test_the_prices_shown_are_the_regions(tmp_path: Path) -> None:
    book = tmp_path / "eu-west-1.json"
    refresh = ("cost", "prices", "refresh", "--region", "eu-west-1", "--from", OFFERS)
    assert tidegauge(*refresh, "--out", book)[0] == 0
    code, document, _ = tidegauge("cost", "prices", "--region", "eu-west-1", "--prices", book)
    assert (code, document["region"]) == (0, "eu-west-1")
    code, document, _ = tidegauge("cost", "prices", "--region", "eu-west-1")
    assert (code, "no prices for region 'eu-west-1'" in document["error"]["message"]) == (2, True)


@pytest.mark.option("cost prices refresh --prices")
def test_changes_are_told_against_the_book_that_is_given(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    refresh = ("cost", "prices", "refresh", "--from", OFFERS, "--out")
    _, against_ours, _ = tidegauge(*refresh, first)
    _, against_first, _ = tidegauge(*refresh, second, "--prices", first)
    assert against_ours["counts"]["changed"] == 2
    assert "changed" not in against_first["counts"]


@pytest.mark.option("cost prices refresh --pricing-api")
def test_the_pricing_api_is_asked_with_the_credentials_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(path: str) -> Answer:
        asked.append(path)
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, b'{"PriceList": []}'

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with http_server(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        code, document, _ = tidegauge("cost", "prices", "refresh", "--pricing-api")
    assert (code, document["offers"], "same" in document["counts"]) == (0, {}, False)
    assert len(asked) > 10  # a request a usage type


def test_a_torn_offer_file_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    offers = tmp_path / "offers"
    offers.mkdir()
    (offers / "AmazonECS.csv").write_bytes(b'"FormatVersion","v1.0"\n"Publ')
    out = tmp_path / "book.json"
    code, document, _ = tidegauge("cost", "prices", "refresh", "--from", offers, "--out", out)
    assert (code, out.exists()) == (2, False)
    assert "AmazonECS.csv cannot be read" in document["error"]["message"]


def test_options_before_refresh_are_not_taken_for_its_own() -> None:
    code, document, _ = tidegauge("cost", "prices", "--region", "eu-west-1", "refresh", "--from", OFFERS)
    assert (code, "stand after it" in document["error"]["message"]) == (2, True)


@pytest.mark.option("cost validate --prices")
def test_an_estimate_is_audited_at_the_prices_of_a_file(tmp_path: Path) -> None:
    book = tmp_path / "prices.json"
    tidegauge("cost", "prices", "refresh", "--from", OFFERS, "--out", book)
    seed = ROOT / "infra_under_test" / "estimates" / "seed.toml"
    totals = []
    for options in ((), ("--prices", book)):
        _, document, _ = tidegauge("cost", "validate", seed, *options)
        totals.append(Decimal(document["corrected_total"]))
    # vCPU-hours: 2 x .5 x 730 of the API, 3 x 2 x 300 of the workers; .041 - .04048 = .00052 each
    assert totals[1] - totals[0] == (730 + 1800) * Decimal("0.00052")


def test_a_file_that_is_no_price_book_is_refused(tmp_path: Path) -> None:
    usage = write_usage(tmp_path / "usage.json")
    code, document, _ = tidegauge("cost", "price", usage, "--prices", OFFERS / "AmazonECS.json")
    assert (code, "AmazonECS.json cannot be read" in document["error"]["message"]) == (2, True)
    code, document, _ = tidegauge("cost", "what-if", usage, "--prices", tmp_path / "none.json")
    assert (code, "none.json cannot be read" in document["error"]["message"]) == (2, True)
