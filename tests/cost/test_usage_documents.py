from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from cost_builders import changed_item, document

from tidegauge.cost.usage import parse_usage, read_usage, usage_document
from tidegauge.errors import TidegaugeError


def test_a_document_is_read_and_written_alike() -> None:
    gap = {"flow": None, "service": "waf", "unit": "request", "reason": "none here"}
    gap |= {"blocking": False, "units_per_1k": "1000"}
    legal = document(unknown=[gap], notes=["a note"])
    assert usage_document(read_usage(json.dumps(legal))) == legal


def test_a_window_keeps_its_fraction() -> None:
    assert usage_document(parse_usage(document(window_s=59.5)))["window_s"] == 59.5


@pytest.mark.parametrize(
    ("written", "quantity"),
    [("85000", "85000"), (7, "7"), ("0.1", "0.1"), (0.1, "0.1"), ("2.5e3", "2500"), ("0", "0")],
)
def test_a_quantity_is_what_was_written(written: object, quantity: str) -> None:
    assert parse_usage(changed_item(quantity=written)).items[0].quantity == Decimal(quantity)


def test_a_json_number_is_not_rounded_on_the_way_in() -> None:
    long = "0.1234567890123456789012345678901234567890"
    text = json.dumps(changed_item(quantity="HERE")).replace('"HERE"', long)
    assert read_usage(text).items[0].quantity == Decimal(long)


@pytest.mark.parametrize(
    "quantity",
    ["-1", -1, -0.5, "-0", "NaN", "nan", "Infinity", "-Infinity", float("nan"), float("inf"), "", " 5",
     "5 ", "+5", "1_000", "1,000", "٣", "0x10", "1e", "1e999999999", "9" * 61, "1e31", "0.1e-70",
     None, True, [], {}],
)  # fmt: skip
def test_what_is_no_finite_amount_is_refused(quantity: object) -> None:
    with pytest.raises(TidegaugeError, match=r"items\.0\.quantity") as caught:
        parse_usage(changed_item(quantity=quantity))
    assert caught.value.hint


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_json_constants_that_are_no_numbers_are_refused(constant: str) -> None:
    text = json.dumps(changed_item(quantity="HERE")).replace('"HERE"', constant)
    with pytest.raises(TidegaugeError, match="is not a quantity"):
        read_usage(text)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\x00"])
def test_a_torn_text_is_one_clear_error(text: str) -> None:
    with pytest.raises(TidegaugeError, match="usage:"):
        read_usage(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "usage is not an object"),
        (None, "usage is not an object"),
        ({}, "schema_version"),
        (document(schema_version=2), "schema_version"),
        (document(schema_version=True), "schema_version"),
        (document(region=None), "region"),
        (document(window_s=0), "window_s is 0"),
        (document(window_s=-1), "window_s is negative"),
        (document(window_s=None), "window_s"),
        (document(items={}), "items is not a list"),
        (document(items=None), "items is not a list"),
        (document(items=[3]), "items.0 is not an object"),
        (document(notes="x"), "notes is not a list"),
        (document(unknown=[{}]), "unknown.0.service"),
        (document(itmes=[]), "unknown key 'itmes'"),
        (changed_item(quanttiy="1"), "unknown key 'quanttiy'"),
        (changed_item(service=""), "service"),
        (changed_item(unit=7), "unit"),
        (changed_item(flow=7), "flow"),
        (changed_item(attributes=[]), "attributes"),
        (changed_item(attributes={"geo": 1}), "attributes"),
        (changed_item(provenance="guessed"), "provenance"),
    ],
)
def test_a_damaged_document_names_the_place(data: Any, message: str) -> None:
    with pytest.raises(TidegaugeError) as caught:
        parse_usage(data)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_missing_quantity_is_named() -> None:
    damaged = document()
    del damaged["items"][0]["quantity"]
    with pytest.raises(TidegaugeError, match="quantity is required"):
        parse_usage(damaged)


def test_a_mistyped_key_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(TidegaugeError) as caught:
        parse_usage(changed_item(quanttiy="1"))
    assert caught.value.hint == "did you mean 'quantity'?"


def test_attributes_and_flow_may_be_left_out() -> None:
    lean = document()
    del lean["items"][0]["attributes"], lean["items"][0]["flow"]
    read = parse_usage(lean).items[0]
    assert (read.attributes, read.flow) == ((), None)


def test_unknown_usage_blocks_unless_it_says_no() -> None:
    gap = {"service": "waf", "unit": "request", "reason": "none here"}
    assert parse_usage(document(unknown=[gap])).unknown[0].blocking
