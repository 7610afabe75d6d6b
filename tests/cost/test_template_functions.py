"""CloudFormation's functions as far as they can be told before deployment."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from cost_builders import BOOK, fixed

from tidegauge.cost.architecture.fixed import FixedCost, price_architecture
from tidegauge.cost.architecture.template_values import TemplateValues
from tidegauge.cost.architecture.unknown import Unknown

HEAD = {
    "Parameters": {
        "Size": {"Type": "String", "Default": "micro"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
        "Yes": {"Type": "String", "Default": True},
        "Count": {"Type": "Number", "Default": 2},
        "Open": {"Type": "String"},
        "Subnet": {"Type": "AWS::EC2::Subnet::Id"},
    },
    "Mappings": {"Sizes": {"small": {"1": "cache.t3.small"}, "micro": {"1": "cache.t3.micro"}}},
    "Conditions": {
        "IsYes": {"Fn::Equals": [{"Ref": "Yes"}, "true"]},
        "IsOpen": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
        "Either": {"Fn::Or": [{"Condition": "IsOpen"}, {"Condition": "IsYes"}]},
        "Both": {"Fn::And": [{"Condition": "IsOpen"}, {"Fn::Not": [{"Condition": "IsYes"}]}]},
    },
    "Resources": {"One": {"Type": "AWS::EC2::Subnet"}, "Two": {"Type": "AWS::EC2::Subnet"}},
}


def value(written: Any) -> Any:
    return TemplateValues(HEAD, {}, "us-east-1").resolve(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"Ref": "Zones"}, ["a", "b", "c"]),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Fn::Join": ["-", ["cache", {"Ref": "Size"}, 1, True]]}, "cache-micro-1-true"),
        ({"Fn::Join": ["", {"Ref": "Zones"}]}, "abc"),
        ({"Fn::Split": [".", "cache.t3.micro"]}, ["cache", "t3", "micro"]),
        ({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": [2, {"Fn::Split": [".", "cache.t3.micro"]}]}, "micro"),
        ({"Fn::Sub": "cache.t3.${Size}"}, "cache.t3.micro"),
        ({"Fn::Sub": "${!Size} is ${Size}"}, "${Size} is micro"),
        ({"Fn::Sub": ["${Kind}.${Size}", {"Kind": {"Fn::Join": [".", ["cache", "t3"]]}}]}, "cache.t3.micro"),
        ({"Fn::Sub": ["${Size}", {"Size": "small"}]}, "small"),  # its own names go first
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Size"}, 1]}, "cache.t3.micro"),
        ({"Fn::FindInMap": ["Sizes", "huge", "1", {"DefaultValue": {"Ref": "Size"}}]}, "micro"),
        ({"Fn::FindInMap": ["Sizes", "small", "1", {"DefaultValue": "x"}]}, "cache.t3.small"),
        ({"Fn::If": ["IsYes", 1, 2]}, 1),
        ({"Fn::If": ["Either", 1, 2]}, 1),  # one side is enough
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::If": ["IsOpen", {"Ref": "Size"}, "micro"]}, "micro"),  # the same either way
        ({"Fn::Length": {"Ref": "Zones"}}, 3),
        ({"Fn::ToJsonString": {"a": {"Ref": "Count"}}}, '{"a": 2}'),
        ({"Fn::Base64": {"Fn::Sub": "${Size}"}}, "micro"),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ({"Condition": {"StringEquals": 1}}, {"Condition": {"StringEquals": 1}}),  # a policy's, no function
    ],
)
def test_a_function_gives_what_cloudformation_gives(written: Any, expected: Any) -> None:
    assert value(written) == expected


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ([{"Ref": "One"}, {"Ref": "Two"}], 2),
        ({"Fn::Split": [",", {"Fn::Join": [",", [{"Ref": "One"}, {"Ref": "Two"}, {"Ref": "Subnet"}]]}]}, 3),
        ({"Fn::Split": [",", {"Fn::Sub": "${One},${Two}"}]}, 2),
        ({"Fn::Cidr": ["10.0.0.0/16", 4, 8]}, 4),
    ],
)
def test_a_list_of_ids_has_its_length_though_nobody_knows_them(written: Any, number: int) -> None:
    found = value(written)
    assert len(found) == number
    assert all(isinstance(each, Unknown) for each in found)


@pytest.mark.parametrize(
    "written",
    [
        {"Ref": "Open"},
        {"Ref": "Nowhere"},
        {"Fn::GetAtt": "One.AvailabilityZone"},
        {"Fn::GetAtt": ["One", "Ipv6CidrBlocks"]},
        {"Fn::Split": [",", {"Ref": "Open"}]},
        {"Fn::Split": [",", {"Fn::ImportValue": "subnets"}]},
        {"Fn::GetAZs": ""},
        {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        {"Fn::Select": [7, {"Ref": "Zones"}]},
        {"Fn::Select": [-1, {"Ref": "Zones"}]},
        {"Fn::Sub": "${Open}-x"},
        {"Fn::FindInMap": ["Sizes", {"Ref": "Open"}, "1", {"DefaultValue": "x"}]},
        {"Fn::If": ["IsOpen", 1, 2]},
        [1, {"Fn::If": ["IsOpen", 1, {"Ref": "AWS::NoValue"}]}],
        {"Fn::Transform": {"Name": "Ours"}},
        {"Fn::Cidr": ["10.0.0.0/16", 10_000_000, 8]},
    ],
)
def test_what_only_deployment_knows_is_not_guessed(written: Any) -> None:
    assert isinstance(value(written), Unknown)


def test_texts_of_texts_do_not_grow_without_bound() -> None:
    text: Any = "x" * 1000
    for _ in range(12):
        text = {"Fn::Join": ["", [text, text]]}
    found = value(text)
    assert isinstance(found, Unknown)
    assert "100,000 characters" in found.reason


NETWORK = """
Resources: {One: {Type: AWS::EC2::Subnet}, Two: {Type: AWS::EC2::Subnet}}
Outputs:
  Subnets: {Value: !Join [",", [!Ref One, !Ref Two]], Export: {Name: NAME}}
"""
BALANCER = """
Parameters: {Parent: {Type: String}}
Resources:
  Alb:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: !Split [",", !ImportValue IMPORT]}
"""


def balanced(export: str, imported: str, **parameters: str) -> FixedCost:
    documents = {
        "network.yaml": NETWORK.replace("NAME", export),
        "balancer.yaml": BALANCER.replace("!ImportValue IMPORT", f"{{'Fn::ImportValue': {imported}}}"),
    }
    return price_architecture(documents, BOOK, parameters=parameters)


@pytest.mark.parametrize(
    ("export", "imported", "parameters"),
    [
        ("public-subnets", "public-subnets", {}),
        ("!Sub '${AWS::StackName}-Subnets'", "!Sub '${Parent}-Subnets'", {}),
        ("!Sub '${AWS::StackName}-Subnets'", "!Sub '${Parent}-Subnets'", {"Parent": "vpc"}),
        ("vpc-Subnets", "!Sub '${Parent}-Subnets'", {}),
    ],
)
def test_an_import_is_the_export_of_another_template(
    export: str, imported: str, parameters: dict[str, str]
) -> None:
    cost = balanced(export, imported, **parameters)
    assert (cost.monthly, cost.complete) == (Decimal("23.725"), True)  # 16.425 + 2 x 3.65
    guessed = any("whose name fits" in note for note in cost.assumptions)
    assert guessed is (export != imported)


@pytest.mark.parametrize(
    ("export", "imported"),
    [("other", "public-subnets"), ("!Sub '${AWS::StackName}-Vpc'", "!Sub '${Parent}-Subnets'")],
)
def test_an_import_of_what_no_template_exports_is_not_known(export: str, imported: str) -> None:
    cost = balanced(export, imported)
    assert (cost.monthly, [each.property for each in cost.missing]) == (Decimal("16.425"), ["Subnets"])


def test_an_import_that_two_exports_fit_is_not_guessed() -> None:
    export = "!Sub '${AWS::StackName}-Subnets'"
    documents = {
        "a.yaml": NETWORK.replace("NAME", export),
        "b.yaml": NETWORK.replace("NAME", export),
        "c.yaml": BALANCER.replace("IMPORT", "vpc-Subnets"),
    }
    assert not price_architecture(documents, BOOK).complete


def test_exports_that_import_each_other_end() -> None:
    one = "Resources: {}\nOutputs: {O: {Value: !ImportValue b, Export: {Name: a}}}"
    two = "Resources: {}\nOutputs: {O: {Value: !ImportValue a, Export: {Name: b}}}"
    third = "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Tier: !ImportValue a}}}"
    cost = price_architecture({"a.yaml": one, "b.yaml": two, "c.yaml": third}, BOOK)
    assert "known at deployment only" in cost.missing[0].reason


def test_a_loop_over_what_only_deployment_knows_is_named() -> None:
    loop = {"Fn::ForEach::All": ["Z", {"Ref": "Open"}, {"N${Z}": {"Type": "AWS::EC2::NatGateway"}}]}
    cost = fixed(json.dumps({"Parameters": {"Open": {"Type": "CommaDelimitedList"}}, "Resources": loop}))
    assert [(each.resource, each.resource_type) for each in cost.missing] == [("Fn::ForEach::All", "unknown")]


def test_a_list_as_a_parameter_of_the_estimate_is_written_with_commas() -> None:
    text = """
Parameters: {Zones: {Type: CommaDelimitedList}}
Resources: {"Fn::ForEach::N": [Z, !Ref Zones, {"Nat${Z}": {Type: AWS::EC2::NatGateway}}]}
"""
    assert fixed(text, {"Zones": "a,b,c,d"}).monthly == Decimal("131.40")  # 4 x 32.85
