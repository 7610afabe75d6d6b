"""Offers fetched from a small local server in place of AWS's, and from a stubbed pricing API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from tests.support.served import ROOT, Answer, http_server
from tidegauge.collect.prices import fetch as price_offers_fetch
from tidegauge.collect.prices.fetch import fetch_offers, fetch_products
from tidegauge.collect.prices.offer_map import Wanted, find_wanted, match_offers, usage_types
from tidegauge.collect.prices.offers import parse_offer
from tidegauge.collect.prices.packaged import read_offer_map
from tidegauge.cost.offered import Key, Offered
from tidegauge.errors import TidegaugeError

OFFERS = ROOT / "tests" / "collect" / "price_offers"
MAP = read_offer_map()
EDGE: Key = ("cloudfront", "https_request", (("geo", "us"),))
NAT: Key = ("nat", "gateway_hour", ())
STORED: Key = ("dynamodb", "storage_byte_month", ())


def wanted(*keys: Key) -> list[Wanted]:
    return [each for each in find_wanted(MAP, keys, "us-east-1") if each.key in keys]


def fetch(folder: Path, answer: Callable[[str], Answer], *keys: Key, seconds_max: float = 20) -> object:
    said: list[str] = []
    with http_server(answer) as url:
        offers = fetch_offers(
            wanted(*keys), "us-east-1", folder, say=said.append, base_url=url, seconds_max=seconds_max
        )
    assert list(folder.iterdir()) == []  # hundreds of MB are not left behind
    return match_offers(wanted(*keys), offers, MAP, "us-east-1")


def test_the_regions_file_is_asked_for_and_the_edges_global_one(tmp_path: Path) -> None:
    asked = []

    def answer(path: str) -> Answer:
        asked.append(path)
        return 200, {}, (OFFERS / f"{path.split('/')[4]}.csv").read_bytes()

    found = fetch(tmp_path, answer, EDGE, NAT)
    assert isinstance(found, dict)
    assert {key: type(each) for key, each in found.items()} == {EDGE: Offered, NAT: Offered}
    assert asked == [
        "/offers/v1.0/aws/AmazonCloudFront/current/index.csv",
        "/offers/v1.0/aws/AmazonEC2/current/us-east-1/index.csv",
    ]


def test_a_file_that_is_not_there_is_named_by_its_address(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError) as caught:
        fetch(tmp_path, lambda _path: (404, {}, b""), EDGE)
    assert "AmazonCloudFront/current/index.csv answers 404" in caught.value.message


def test_an_answer_that_breaks_off_is_no_offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_offers_fetch, "SILENT_SECONDS_MAX", 0.3)
    with pytest.raises(TidegaugeError) as caught:
        fetch(
            tmp_path,
            lambda _path: (
                200,
                {"Content-Length": "5000"},
                b"cut off",
            ),
            EDGE,
            seconds_max=0.5,
        )
    assert "cannot be fetched" in caught.value.message


def test_a_redirect_to_elsewhere_is_not_followed(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError):
        fetch(tmp_path, lambda _path: (302, {"Location": "http://127.0.0.1:9/"}, b""), EDGE)


def test_a_file_above_the_limit_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_offers_fetch, "CSV_BYTES_MAX", 1000)
    with pytest.raises(TidegaugeError) as caught:
        fetch(tmp_path, lambda _path: (200, {}, b"x" * 2_000_000), EDGE)
    assert "takes more than 1,000 bytes" in caught.value.message
    assert "--from" in caught.value.hint


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    def answer(_path: str) -> Answer:
        time.sleep(0.2)
        return 200, {}, b"x" * 1000

    with pytest.raises(TidegaugeError) as caught:
        fetch(tmp_path, answer, EDGE, seconds_max=0.1)
    assert "takes more than 0.1 s" in caught.value.message


def test_the_pricing_api_is_read_page_by_page() -> None:
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    reply = json.loads((OFFERS / "GetProducts-AmazonDynamoDB.json").read_text(encoding="utf-8"))
    first, rest = reply["PriceList"][:1], reply["PriceList"][1:]
    names = sorted(wanted(STORED)[0].usage_types)
    assert names == ["TimedStorage-ByteHrs", "USE1-TimedStorage-ByteHrs", "us-east-1-TimedStorage-ByteHrs"]

    def asked(name: str) -> dict[str, object]:
        filters = [("usagetype", name), ("regionCode", "us-east-1")]
        return {
            "ServiceCode": "AmazonDynamoDB",
            "FormatVersion": "aws_v1",
            "MaxResults": 100,
            "Filters": [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters],
        }

    with Stubber(client) as stub:
        page = {"FormatVersion": "aws_v1", "PriceList": first, "NextToken": "more"}
        stub.add_response("get_products", page, asked(names[0]))
        page = {"FormatVersion": "aws_v1", "PriceList": rest}
        stub.add_response("get_products", page, asked(names[0]) | {"NextToken": "more"})
        for name in names[1:]:
            stub.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": []}, asked(name))
        replies = list(fetch_products(client, wanted(STORED), "us-east-1", say=lambda _text: None))
        stub.assert_no_pending_responses()
    offers = [offer for each in replies for offer in parse_offer(each, usage_types(wanted(STORED)))]
    found = match_offers(wanted(STORED), offers, MAP, "us-east-1")[STORED]
    assert isinstance(found, Offered)
    assert found.sku == "DDBSTORAGE000001"


def test_without_credentials_the_pricing_api_says_what_it_needs() -> None:
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    stub = Stubber(client)
    stub.add_client_error("get_products", "AccessDeniedException", "no", 400)
    with stub, pytest.raises(TidegaugeError) as caught:
        list(fetch_products(client, wanted(STORED), "us-east-1", say=lambda _text: None))
    assert "pricing:GetProducts" in caught.value.hint
