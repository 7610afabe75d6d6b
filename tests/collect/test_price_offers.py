"""AWS's price list, as offer files and API replies hold it, turned into prices of our units."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.collect.prices.files import read_offers
from tidegauge.collect.prices.offer_map import find_wanted, match_offers, usage_types
from tidegauge.collect.prices.offers import BadOffer, Offer, parse_offer_csv, parse_offer_json
from tidegauge.collect.prices.packaged import read_offer_map, read_prices
from tidegauge.cost.offered import Key, NotOffered, Offered
from tidegauge.errors import TidegaugeError

FIXTURES = Path(__file__).parent / "price_offers"
MAP = read_offer_map()
GB = 2**30


def key(service: str, unit: str, **attributes: str) -> Key:
    return service, unit, tuple(sorted(attributes.items()))


def matched(folder: Path = FIXTURES, region: str = "us-east-1") -> dict[Key, Offered | NotOffered]:
    wanted = find_wanted(MAP, read_prices("us-east-1").prices, region)
    return match_offers(wanted, read_offers(folder, usage_types(wanted)), MAP, region)


ANSWERS = matched()


def offered(service: str, unit: str, **attributes: str) -> Offered:
    found = ANSWERS[key(service, unit, **attributes)]
    assert isinstance(found, Offered), found
    return found


def not_offered(service: str, unit: str, **attributes: str) -> NotOffered:
    found = ANSWERS[key(service, unit, **attributes)]
    assert isinstance(found, NotOffered), found
    return found


def test_an_hourly_price_is_a_3600th_a_second() -> None:
    found = offered("fargate", "vcpu_second", arch="x86", capacity="on_demand")
    assert [tier.usd_per_unit * 3600 for tier in found.tiers] == [Fraction("0.041")]
    assert (found.offer, found.sku, found.published) == ("AmazonECS", "ECSVCPUX86000001", "2026-10-15")


def test_edge_tiers_end_where_cloudfront_says() -> None:
    found = offered("cloudfront", "egress_byte", geo="us")
    # 10, 50, 150, 500, 1,024 and 5,120 TB of 1,024 GB
    ends = [Decimal(tb * 1024 * GB) for tb in (10, 50, 150, 500, 1024, 5120)]
    assert [tier.up_to for tier in found.tiers] == [*ends, None]
    prices = [f"{float(tier.usd_per_unit * GB):.3f}" for tier in found.tiers]
    assert prices == ["0.085", "0.080", "0.060", "0.040", "0.030", "0.025", "0.020"]


@pytest.mark.parametrize(("engine", "usd"), [("redis", "0.206"), ("valkey", "0.1648")])
def test_a_cache_node_is_of_its_engine_and_never_under_extended_support(engine: str, usd: str) -> None:
    found = offered("elasticache", "node_hour", engine=engine, node_type="cache.r6g.large")
    assert found.tiers[0].usd_per_unit == Fraction(usd)


def test_an_instance_is_shared_linux_in_the_region_at_its_latest_rate() -> None:
    found = offered("ec2", "instance_second", instance_type="c7g.xlarge")
    assert found.tiers[0].usd_per_unit * 3600 == Fraction("0.145")


def test_a_load_balancer_is_an_application_one() -> None:
    assert offered("alb", "load_balancer_hour").tiers[0].usd_per_unit == Fraction("0.0225")


def test_a_reply_of_the_pricing_api_is_read_as_an_offer() -> None:
    found = offered("dynamodb", "write_request_unit")
    assert (found.tiers[0].usd_per_unit, found.published) == (Fraction("0.000000625"), "2026-10-12")


def test_a_free_first_stretch_is_a_tier_of_the_offer() -> None:
    found = offered("dynamodb", "storage_byte_month")
    assert [tier.up_to for tier in found.tiers] == [Decimal(25 * GB), None]
    assert [tier.usd_per_unit * GB for tier in found.tiers] == [0, Fraction("0.25")]


def test_two_prices_for_one_thing_are_not_chosen_between() -> None:
    found = not_offered("alb", "lcu_hour")
    assert found.kind == "unclear"
    assert "ELBAPPLICATIONLC, ELBTWINLCU000001" in found.why


def test_a_unit_that_measures_something_else_is_not_taken() -> None:
    found = not_offered("nat", "processed_byte")
    assert (found.kind, "its unit is 'Quantity'" in found.why) == ("unclear", True)


def test_what_an_offer_lacks_and_what_was_not_read_are_told_apart() -> None:
    vanished = not_offered("ec2", "instance_second", instance_type="g5.xlarge")
    assert (vanished.kind, "AmazonEC2 of 2026-10-28 has no BoxUsage:g5.xlarge" in vanished.why) == (
        "vanished",
        True,
    )
    assert not_offered("waf", "request").kind == "unread"


def test_other_regions_prices_are_not_ours() -> None:
    assert {answer.kind for answer in matched(region="eu-west-1").values() if isinstance(answer, NotOffered)}
    assert not any(
        isinstance(answer, Offered) and name[0] != "cloudfront"
        for name, answer in matched(region="eu-west-1").items()
    )


def test_a_region_without_known_usage_types_is_refused() -> None:
    with pytest.raises(TidegaugeError) as caught:
        find_wanted(MAP, [], "eu-west-9")
    assert "did you mean 'eu-west-" in caught.value.hint


def test_every_rule_measures_what_the_map_knows() -> None:
    assert {rule.measure for rule in MAP.rule} <= {*MAP.measures, "count"}


def test_every_official_price_has_a_place_in_the_offers() -> None:
    book = read_prices("us-east-1")
    placed = {each.key for each in find_wanted(MAP, book.prices, "us-east-1")}
    left = {
        name[:2]
        for name, price in book.prices.items()
        if name not in placed and price.origin.confidence == "H"
    }
    assert left == {("elasticache", "command")}


ECS = json.loads((FIXTURES / "AmazonECS.json").read_text(encoding="utf-8"))
WANTED = frozenset({"USE1-Fargate-GB-Hours"})


def changed(**changes: Any) -> str:
    """The ECS offer with its GB-hour's only price changed."""
    text = json.dumps(ECS)
    data = json.loads(text)
    terms = data["terms"]["OnDemand"]["ECSGBX8600000001"]["ECSGBX8600000001.JRTCKXETXF"]
    next(iter(terms["priceDimensions"].values())).update(changes)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            (FIXTURES / "AmazonECS.json").read_text(encoding="utf-8")[:2000],
            "Unterminated string",
        ),
        ("[" * 100_000, "nested too deeply|recursion"),
        ("[]", "indices"),
        ("{}", "'offerCode' is missing"),
        ('{"PriceList": ["{"]}', "property name"),
        (json.dumps(ECS | {"publicationDate": "yesterday"}), "not a day of publication"),
        (json.dumps(ECS | {"offerCode": "../../etc"}), "not an offer code"),
        (changed(pricePerUnit={"USD": "1E999999999"}), "not a price"),
        (changed(pricePerUnit={"USD": "-1"}), "not a price"),
        (changed(pricePerUnit={"USD": 0.1}), "not a price"),
        (changed(pricePerUnit={"CNY": "1"}), "'USD' is missing"),
        (changed(endRange="NaN"), "not a price or bound"),
    ],
)
def test_a_torn_or_hostile_offer_is_no_offer(text: str, problem: str) -> None:
    with pytest.raises(BadOffer, match=problem):
        list(parse_offer_json(text, WANTED))


CSV = (FIXTURES / "AmazonCloudFront.csv").read_text(encoding="utf-8").splitlines(keepends=True)
EDGE = frozenset({"US-Requests-Tier1"})


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "no line of column names"),
        (CSV[:5], "no line of column names"),
        ([*CSV[:-1], CSV[-1][:60]], "cut off|unexpected end"),
        ([*CSV[:6], CSV[-2].replace("USD", "CNY")], "not in USD"),
        ([*CSV[:6], CSV[-2].replace("0.0000007500", "=1+1")], "not a price"),
        (["x" * 200_000], "field larger"),
        ([CSV[4], CSV[5], CSV[6]], "'publicationdate' is missing"),
        ([*CSV[:5], CSV[5].replace("usageType", "usage")], "no column usagetype"),
        ([*CSV[:5], CSV[5].replace("usageType", "currency"), *CSV[6:]], "no column usagetype"),
    ],
)
def test_a_torn_or_hostile_csv_is_no_offer(lines: list[str], problem: str) -> None:
    with pytest.raises(BadOffer, match=problem):
        list(parse_offer_csv(lines, EDGE))


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["PriceList", "offerCode", "publicationDate", "products", "terms", "OnDemand", "attributes", "sku"]
)


@given(
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5)
    )
)
def test_no_json_document_is_more_than_no_offer(document: Any) -> None:
    with contextlib.suppress(BadOffer):
        list(parse_offer_json(json.dumps(document), WANTED))


@given(st.lists(st.text(alphabet='SKU",\n0x', max_size=30), max_size=10))
def test_no_lines_are_more_than_no_offer(lines: list[str]) -> None:
    with contextlib.suppress(BadOffer):
        list(parse_offer_csv([*CSV[:6], *lines], EDGE))


def test_a_csv_of_any_length_is_read_a_row_at_a_time() -> None:
    other = CSV[6].replace("US-DataTransfer", "ZA-DataTransfer")
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        yield from CSV
        for _ in range(50_000):
            taken += 1
            yield other

    offer: Offer = next(parse_offer_csv(lines(), EDGE))
    assert (taken, len(offer.products)) == (50_000, 1)


def test_a_bad_file_in_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "AmazonS3.json").write_text("{", encoding="utf-8")
    with pytest.raises(TidegaugeError) as caught:
        read_offers(tmp_path, WANTED)
    assert "AmazonS3.json cannot be read" in caught.value.message
    assert caught.value.exit_code == 2


def test_a_json_file_too_great_to_parse_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "AmazonEC2.json").open("wb") as file:
        file.truncate(500_000_000)  # sparse: no disk is used
    with pytest.raises(TidegaugeError) as caught:
        read_offers(tmp_path, WANTED)
    assert "AmazonEC2.json has 500,000,000 bytes" in caught.value.message
    assert "index.csv" in caught.value.hint
