from __future__ import annotations

import json
from decimal import Decimal

import pytest
from cost_builders import fixed

from tidegauge.cost.architecture.templates import parse_template
from tidegauge.errors import TidegaugeError


def test_short_form_tags_are_the_long_form() -> None:
    text = """
    Resources:
      A: {Type: T, Properties: {x: !Ref B, y: !GetAtt B.Arn, z: !If [C, 1, 2], s: !Sub "${A}",
                                c: !Condition C, m: !Transform {Name: n}}}
    """
    assert parse_template("t", text)["Resources"]["A"]["Properties"] == {
        "x": {"Ref": "B"},
        "y": {"Fn::GetAtt": ["B", "Arn"]},
        "z": {"Fn::If": ["C", 1, 2]},
        "s": {"Fn::Sub": "${A}"},
        "c": {"Condition": "C"},
        "m": {"Fn::Transform": {"Name": "n"}},
    }


def test_a_date_stays_text() -> None:
    text = "AWSTemplateFormatVersion: 2010-09-09\nResources: {}"
    assert parse_template("t", text)["AWSTemplateFormatVersion"] == "2010-09-09"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just text",
        "- a list",
        "Resources: []",
        "Resources",
        '{"Resources": ',
        '{"Resources": []}',
        "Resources: {A: &a [*a]}",
        "a: &a [x, x]\nb: &b [*a, *a]\nResources: {}",
        "Resources: !!python/object/apply:os.system [echo]",
        "Resources: {? [a, b] : c, ? {d: e} : f}",
        "Resources: !Ref {a: b",
        "Resources: " + "[" * 5000,
        '{"Resources": ' + "[" * 100_000,
        "\x00",
    ],
)
def test_a_hostile_or_torn_template_is_one_clear_error(text: str) -> None:
    with pytest.raises(TidegaugeError, match=r"template t\.yaml"):
        parse_template("t.yaml", text)


CONDITIONS = """
Parameters:
  Stage: {Type: String, Default: prod}
  Count: {Type: Number, Default: 2}
  FromSsm: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path}
  Bare: {Type: String}
Mappings:
  Nodes: {prod: {Type: cache.r6g.large}, dev: {Type: cache.t3.micro}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Equals [!Ref "AWS::Region", us-east-1]]
  Either: !Or [!Condition IsDev, !Condition Both]
  Circle: !And [!Condition Circle, !Condition Circle]
  Odd: {"Fn::Odd": [1]}
  Empty: {"Fn::And": []}
  Flat: 3
Resources:
  It:
    Type: AWS::ElastiCache::ReplicationGroup
    CONDITION
    Properties: {CacheNodeType: TYPE, NumCacheClusters: NUMBER}
"""


def cost(
    condition: str = "", kind: str = "cache.r6g.large", number: str = "!Ref Count", stage: str = "prod"
) -> Decimal | str | None:
    text = CONDITIONS.replace("CONDITION", f"Condition: {condition}" if condition else "")
    found = fixed(text.replace("TYPE", kind).replace("NUMBER", number), {"Stage": stage})
    return found.missing[0].reason if found.missing else found.monthly


REDIS, MICRO = Decimal("300.76"), Decimal("24.82")  # 2 x 730 x 0.206; 2 x 730 x 0.017


def test_a_mapping_is_looked_up() -> None:
    by_stage = "!FindInMap [Nodes, !Ref Stage, Type]"
    assert cost(kind=by_stage) == REDIS
    assert cost(kind=by_stage, stage="dev") == MICRO


def test_an_if_follows_its_condition() -> None:
    chosen = "!If [IsProd, cache.r6g.large, cache.t3.micro]"
    assert cost(kind=chosen) == REDIS
    assert cost(kind=chosen, stage="dev") == MICRO


def test_a_sub_fills_in_parameters() -> None:
    assert cost(kind='!Sub "cache.t3.${Stage}"', stage="micro") == MICRO


def test_no_value_takes_a_property_away() -> None:
    assert cost(number='!If [IsDev, 1, !Ref "AWS::NoValue"]') == "NumCacheClusters is not given"


@pytest.mark.parametrize(
    ("condition", "usd"), [("IsProd", REDIS), ("IsDev", 0), ("Both", REDIS), ("Either", REDIS)]
)
def test_a_resource_whose_condition_fails_costs_nothing(condition: str, usd: Decimal) -> None:
    assert cost(condition) == usd


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("Nowhere", "condition Nowhere is not in the template"),
        ("Circle", "in a circle"),
        ("Odd", "Fn::Odd"),
        ("Empty", "Fn::And has no arguments"),
        ("Flat", "not a condition function"),
    ],
)
def test_a_condition_that_cannot_be_decided_makes_the_cost_null(condition: str, message: str) -> None:
    assert message in str(cost(condition))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("!Ref Bare", "parameter Bare has no default"),
        ("!Ref FromSsm", "read from SSM"),
        ("!GetAtt Other.Count", "Fn::GetAtt is known at deployment only"),
        ("!FindInMap [Nodes, nowhere, Type]", "its key is in no mapping"),
        ("!Ref [a]", "only deployment knows"),
        ("[1]", "NumCacheClusters is [1]"),
        ("!If [IsProd]", "Fn::If is known at deployment only"),
    ],
)
def test_a_value_that_only_deployment_knows_makes_the_cost_null(number: str, message: str) -> None:
    assert message in str(cost(number=number))


def test_values_nested_beyond_reason_are_not_followed() -> None:
    value: object = "x"
    for _ in range(60):
        value = {"Fn::If": ["IsProd", value, "y"]}
    template = {
        "Conditions": {"IsProd": {"Fn::Equals": ["a", "a"]}},
        "Resources": {"It": {"Type": "AWS::EC2::Instance", "Properties": {"InstanceType": value}}},
    }
    assert "nested too deeply" in fixed(json.dumps(template)).missing[0].reason


def test_a_list_of_unknown_ids_still_has_its_length() -> None:
    subnets = [{"Ref": "A"}, {"Fn::If": ["No", {"Ref": "B"}, {"Ref": "AWS::NoValue"}]}, {"Ref": "C"}]
    template = {
        "Conditions": {"No": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "It": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": subnets}}
        },
    }
    assert fixed(json.dumps(template)).monthly == Decimal("23.725")  # 16.425 + 2 x 3.65


def test_a_list_whose_length_is_open_makes_the_cost_null() -> None:
    subnets = [{"Ref": "A"}, {"Fn::If": ["Nowhere", {"Ref": "B"}, {"Ref": "AWS::NoValue"}]}]
    template = {
        "Resources": {
            "It": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": subnets}}
        },
    }
    assert "Nowhere" in fixed(json.dumps(template)).missing[0].reason
