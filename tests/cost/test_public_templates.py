"""Templates that others published: every resource accounted for, and totals by hand."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from cost_builders import BOOK

from tests.support.served import tidegauge
from tidegauge.cost.architecture.fixed import FixedCost, price_architecture
from tidegauge.results.templates import read_templates

PUBLIC = Path(__file__).parent / "public_templates"
RESOURCE = re.compile(r"^    Type: ['\"]?AWS::\w+::\w+['\"]?$", re.MULTILINE)  # as these files are indented


def priced(folder: str, **parameters: str) -> FixedCost:
    return price_architecture(read_templates(PUBLIC / folder), BOOK, parameters=parameters)


def accounted(cost: FixedCost) -> set[tuple[str, str]]:
    """(file, resource) of all that the account speaks of."""
    by_use = {name.partition(" ")[0] for name in cost.billed_by_use}
    found = {(each.file, each.resource) for each in (*cost.items, *cost.missing, *cost.free)}
    return found | {("", name) for name in by_use - {name for _file, name in found}}


def named(cost: FixedCost) -> set[tuple[str, str | None]]:
    return {(each.resource, each.property) for each in cost.missing}


def written(folder: str) -> int:
    """How many resources the files of a folder write down."""
    return sum(len(RESOURCE.findall(path.read_text())) for path in (PUBLIC / folder).rglob("*.yaml"))


def test_the_master_template_costs_what_its_children_cost() -> None:
    # 2 addresses and 2 of the load balancer: 4 x .005 x 730 = 14.60; 2 NAT gateways: 2 x .045 x 730 = 65.70;
    # the load balancer: .0225 x 730 = 16.425; 2 alarms: .20
    assert priced("ecs-refarch").monthly == Decimal("96.925")


def test_the_instances_of_the_master_template_are_named_as_unpriced() -> None:
    cost = priced("ecs-refarch")
    group = "ECS/ECSAutoScalingGroup"
    assert named(cost) == {(group, None), (group, "BlockDeviceMappings"), (group, "Monitoring")}
    assert "t2.large" in next(each.reason for each in cost.missing if each.property is None)


def test_tasks_on_instances_cost_nothing_beside_them() -> None:
    free = {each.resource for each in priced("ecs-refarch").free}
    assert {"ProductService/Service", "WebsiteService/Service"} <= free


def test_each_resource_of_the_master_template_and_its_children_is_accounted_for_once() -> None:
    # each template is nested once, and all of its resources are deployed
    assert len(accounted(priced("ecs-refarch"))) == written("ecs-refarch") == 63


def test_a_load_balancer_and_a_fargate_service_are_priced_as_they_stand() -> None:
    # 2 tasks x (.25 x .04048 + .5 x .004445) x 730 = 18.02005, their addresses 2 x .005 x 730 = 7.30,
    # the load balancer 16.425, 2 alarms .20
    cost = priced("fargate/service")
    assert cost.monthly == Decimal("41.94505")
    assert named(cost) == {("LoadBalancer", "Subnets")}  # imported, so nobody knows how many addresses


def test_the_network_beside_it_says_how_many_addresses_the_load_balancer_has() -> None:
    cost = priced("fargate")
    assert cost.monthly == Decimal("49.24505")  # 41.94505 and 2 x .005 x 730
    assert cost.complete
    assert any("the only export whose name fits" in note for note in cost.assumptions)


@pytest.mark.parametrize(
    ("parameters", "usd"),
    [
        # 4 tasks: 4 x 9.010025 + 4 x 3.65 + 16.425 + 7.30 + .20
        ({"DesiredCount": "1", "MinCapacity": "4"}, "74.5651"),
        ({"AutoScaling": "false"}, "49.04505"),  # without the two alarms
        ({"LoadBalancerScheme": "internal"}, "41.94505"),
        ({"SubnetsReach": "Private"}, "41.94505"),
    ],
)
def test_parameters_change_what_is_held(parameters: dict[str, str], usd: str) -> None:
    assert priced("fargate", **parameters).monthly == Decimal(usd)


def test_a_synthesised_app_is_its_stacks_with_what_they_nest() -> None:
    # 4 addresses 14.60, 2 NAT gateways 65.70, the load balancer 16.425,
    # 2 tasks x (.5 x .04048 + 1 x .004445) x 730 = 36.0401, 2 alarms of the policy .20
    cost = priced("cdk.out")
    assert cost.monthly == Decimal("132.9651")
    child = "ChildNestedStackChildNestedStackResourceC40294CA"
    assert named(cost) == {(f"{child}/TD925BC7E", "Replicas.0")}
    assert f"{child}/Q63C6E3AB (AWS::SQS::Queue)" in cost.billed_by_use


def test_each_resource_of_a_synthesised_app_is_accounted_for() -> None:
    files = [json.loads(path.read_text()) for path in (PUBLIC / "cdk.out").glob("*.template.json")]
    number = sum(len(template["Resources"]) for template in files)
    cost = priced("cdk.out")
    assert len(accounted(cost)) == number == 55
    free = {each.resource_type for each in cost.free}
    assert {"AWS::CDK::Metadata", "AWS::Lambda::Url", "Custom::S3AutoDeleteObjects"} <= free


def test_an_audit_of_a_public_template_is_a_lower_bound(tmp_path: Path) -> None:
    estimate = tmp_path / "estimate.toml"
    estimate.write_text(
        'name = "refarch"\n[[line]]\nid = "nat"\nservice = "nat"\nunit = "gateway_hour"\nquantity = 1460\n'
        "price = 0.045\n",
        encoding="utf-8",
    )
    arguments = ("cost", "validate", estimate, "--template", PUBLIC / "ecs-refarch")
    code, document, _ = tidegauge(*arguments, "--tolerance", "0.5")
    # 96.925 less the two alarms, of which ten are free; the estimate has 65.70 of it
    assert (code, document["corrected_total"], document["complete"]) == (11, "96.725", False)
    assert {"resource", "type", "property", "reason", "file"} == set(document["unpriced"][0])
    reasons = {each["resource"]: each["reason"] for each in document["free"]}
    assert reasons["VPC/VPC"] == "AWS does not charge for this part of a network"
    code, _, _ = tidegauge(*arguments, "--tolerance", "0.1")
    assert code == 10
