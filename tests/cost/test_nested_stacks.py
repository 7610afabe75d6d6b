"""Folders of templates as people have them: nested stacks, cloud assemblies, SAM, and files that are none."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cost_builders import BOOK

from tidegauge.cost.architecture.fixed import FixedCost, price_architecture
from tidegauge.cost.architecture.resources import find_resources
from tidegauge.errors import TidegaugeError
from tidegauge.results.templates import SIZE_MAX, read_templates

READ = Path(__file__).parent / "read_templates"
CHILD = """
Parameters:
  Shards: {Type: Number, Default: 1}
  Replicas: {Type: Number, Default: 0}
  Name: {Type: String, Default: cache}
Resources:
  Cache:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties:
      ReplicationGroupDescription: !Ref Name
      Engine: valkey
      CacheNodeType: cache.r6g.large
      NumNodeGroups: !Ref Shards
      ReplicasPerNodeGroup: !Ref Replicas
Outputs:
  Id: {Value: !Ref Cache}
  Subnets: {Value: !Join [",", [!Ref One, !Ref Two]]}
"""
NAT = "Resources: {N: {Type: 'AWS::EC2::NatGateway'}}"  # 32.85 a month


def nest(url: Any, **parameters: Any) -> dict[str, Any]:
    properties = {"TemplateURL": url, "Parameters": parameters}
    return {"Type": "AWS::CloudFormation::Stack", "Properties": properties}


def template(**resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources})


def priced(documents: dict[str, str], **parameters: str) -> FixedCost:
    return price_architecture(documents, BOOK, parameters=parameters)


def unpriced(cost: FixedCost) -> dict[str, str]:
    return {f"{each.resource}.{each.property}": each.reason for each in cost.missing}


def test_two_stacks_of_one_child_count_twice_each_with_its_own_parameters() -> None:
    master = template(
        A=nest("https://s3.amazonaws.com/bucket/child.yaml", Shards=3, Replicas=1),
        B=nest("https://s3.amazonaws.com/bucket/child.yaml", Shards=1, Replicas="2"),
    )
    cost = priced({"master.json": master, "child.yaml": CHILD})
    assert cost.monthly == Decimal("1082.736")  # (6 + 3) x 730 x .1648
    assert {item.resource for item in cost.items} == {"A/Cache", "B/Cache"}
    assert cost.complete


def test_a_template_that_another_nests_is_not_counted_once_more_by_itself() -> None:
    assert priced({"master.json": template(A=nest("child.yaml")), "child.yaml": NAT}).monthly == Decimal(
        "32.85"
    )
    assert priced({"other.json": template(), "child.yaml": NAT}).monthly == Decimal("32.85")


@pytest.mark.parametrize(
    "url",
    [
        "child.yaml",
        "./child.yaml",
        "s3://bucket/child.yaml",
        "https://bucket.s3.amazonaws.com/v1/child.yaml?versionId=7",
        {"Fn::Sub": "https://${Bucket}.s3.${AWS::Region}.${AWS::URLSuffix}/child.yaml"},
        {"Fn::Join": ["/", ["https:/", {"Ref": "Bucket"}, "child.yaml"]]},
        {"Fn::Sub": "${Prefix}child.yaml"},
    ],
)
def test_a_nested_template_is_found_by_its_file_name_however_the_url_is_made(url: object) -> None:
    master = json.dumps(
        {
            "Parameters": {"Bucket": {"Type": "String"}, "Prefix": {"Type": "String"}},
            "Resources": {"A": nest(url)},
        }
    )
    assert priced({"master.json": master, "child.yaml": NAT}).monthly == Decimal("32.85")


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    key = "Resources: {K: {Type: 'AWS::KMS::Key'}}"  # 1.00 a month
    master = template(A=nest("https://x/app/service.yaml"))
    documents = {"master.json": master, "app/service.yaml": key, "web/service.yaml": template()}
    assert priced(documents).monthly == 1
    vague = template(A=nest("https://x/service.yaml"))
    cost = priced({**documents, "master.json": vague, "web/service.yaml": key})
    assert "could be any of" in unpriced(cost)["A.TemplateURL"]


def test_a_nested_template_that_is_not_there_is_named() -> None:
    cost = priced(
        {"master.json": template(A=nest("https://x/gone.yaml"), N={"Type": "AWS::EC2::NatGateway"})}
    )
    assert (cost.monthly, cost.complete) == (Decimal("32.85"), False)
    assert unpriced(cost) == {
        "A.TemplateURL": "gone.yaml is not among the templates, so what it holds is not known"
    }


def test_a_template_of_a_stack_set_is_not_counted_by_itself_and_the_set_is_named() -> None:
    stacks = {"Type": "AWS::CloudFormation::StackSet", "Properties": {"TemplateURL": "child.yaml"}}
    cost = priced({"master.json": template(Everywhere=stacks), "child.yaml": NAT})
    assert cost.monthly == 0
    assert unpriced(cost) == {"Everywhere.None": "what its stacks hold is known at deployment only"}


def test_a_nested_stack_that_is_not_deployed_holds_nothing() -> None:
    body = nest("child.yaml") | {"Condition": "Off"}
    conditions = {"Off": {"Fn::Equals": ["a", "b"]}}
    master = json.dumps({"Conditions": conditions, "Resources": {"A": body}})
    cost = priced({"master.json": master, "child.yaml": NAT})
    assert (cost.monthly, cost.complete) == (0, True)


def test_outputs_of_one_stack_are_parameters_of_another() -> None:
    network = """
Resources: {One: {Type: AWS::EC2::Subnet}, Two: {Type: AWS::EC2::Subnet}, Three: {Type: AWS::EC2::Subnet}}
Outputs: {Subnets: {Value: !Join [",", [!Ref One, !Ref Two, !Ref Three]]}, Kind: {Value: cache.t3.micro}}
"""
    balancer = """
Parameters: {Subnets: {Type: List<AWS::EC2::Subnet::Id>}}
Resources: {Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: !Ref Subnets}}}
"""
    master = template(
        Network=nest("network.yaml"),
        Balancer=nest("balancer.yaml", Subnets={"Fn::GetAtt": ["Network", "Outputs.Subnets"]}),
    )
    cost = priced({"master.json": master, "network.yaml": network, "balancer.yaml": balancer})
    assert (cost.monthly, cost.complete) == (Decimal("27.375"), True)  # 16.425 + 3 x 3.65


def test_templates_that_nest_each_other_end() -> None:
    one, two = template(A=nest("two.json"), N={"Type": "AWS::EC2::NatGateway"}), template(B=nest("one.json"))
    cost = priced({"one.json": one, "two.json": two})
    assert cost.monthly == Decimal("32.85")
    assert "nests itself" in unpriced(cost)["A/B.TemplateURL"]


def test_outputs_that_need_each_other_are_not_known() -> None:
    child = """
Parameters: {P: {Type: String}}
Resources: {I: {Type: AWS::SSM::Parameter, Properties: {Tier: !Ref P}}}
Outputs: {O: {Value: !Ref P}}
"""
    master = template(
        A=nest("child.yaml", P={"Fn::GetAtt": ["B", "Outputs.O"]}),
        B=nest("child.yaml", P={"Fn::GetAtt": ["A", "Outputs.O"]}),
    )
    cost = priced({"master.json": master, "child.yaml": child})
    assert all("circle" in reason for reason in unpriced(cost).values())
    assert len(cost.missing) == 2


def test_stacks_beyond_any_number_are_refused() -> None:
    documents = {
        f"{at}.json": template(A=nest(f"{at + 1}.json"), B=nest(f"{at + 1}.json")) for at in range(20)
    }
    with pytest.raises(TidegaugeError, match="more than 1000 stacks"):
        priced({**documents, "20.json": template()})


def test_equal_names_under_several_templates_are_kept_apart() -> None:
    master = template(A=nest("child.yaml"))
    cost = priced({"blue.json": master, "green.json": master, "child.yaml": NAT})
    assert {item.resource for item in cost.items} == {"blue/A/N", "green/A/N"}
    assert cost.monthly == Decimal("65.70")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"name": "app", "scripts": {"build": "tsc"}}'),
        ("buildspec.yml", "version: 0.2\nphases: {build: {commands: [make]}}"),
        ("parameters.json", '[{"ParameterKey": "A", "ParameterValue": "b"}]'),
        ("docker-compose.yml", "x: &x {a: 1}\nservices: {web: *x}"),
        ("two.yaml", "---\na: 1\n---\nb: 2\n"),
        ("tsconfig.json", '{// a comment\n"a": 1}'),
        ("chart.yaml", "{{ if .Values.on }}\nkind: {{ .Values.kind }}\n{{ end }}"),
        ("empty.yaml", ""),
        ("broken.json", "\x00\x01"),
    ],
)
def test_other_files_in_the_folder_are_no_templates_and_no_error(name: str, text: str) -> None:
    assert priced({"stack.yaml": NAT, name: text}).monthly == Decimal("32.85")
    with pytest.raises(TidegaugeError, match="no templates"):
        priced({name: text})


@pytest.mark.parametrize(
    "text",
    [
        "Resources: [",
        '{"Description": "x", "Resources": {"A": ',
        "Resources: {A: {Type: T}, A: {Type: T}}",
        '{"Resources": {"A": {}, "A": {}}}',
        "Resources: {}\nOutputs: [a]",
        '{"Resources": {',
        "AWSTemplateFormatVersion: 2010-09-09\nResources:\n\tA: 1",
        "Resources: []",
    ],
)
def test_a_torn_template_is_an_error_that_names_it(text: str) -> None:
    with pytest.raises(TidegaugeError, match=r"torn\.yaml"):
        priced({"stack.yaml": NAT, "torn.yaml": text})


def test_a_folder_is_read_with_what_is_below_it(tmp_path: Path) -> None:
    for name in ("a.yaml", "deep/er/b.template", "node_modules/c.yaml", ".hidden/d.yaml", "e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(NAT, encoding="utf-8")
    (tmp_path / "large.json").write_text(" " * (SIZE_MAX + 1), encoding="utf-8")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    assert set(read_templates(tmp_path)) == {"a.yaml", "deep/er/b.template", "binary.json"}
    assert priced(read_templates(tmp_path)).monthly == Decimal("65.70")


def test_a_template_in_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(NAT, encoding="utf-16")
    (tmp_path / "b.yaml").write_text(NAT, encoding="utf-8-sig")
    assert priced(read_templates(tmp_path)).monthly == Decimal("65.70")


def test_what_a_macro_makes_is_not_known() -> None:
    text = "Transform: [AWS::LanguageExtensions, Ours, {Name: AWS::Include}]\n" + NAT
    assert set(unpriced(priced({"stack.yaml": text}))) == {"Ours.None", "AWS::Include.None"}


def test_a_parameter_that_no_template_has_is_refused() -> None:
    documents = {"master.json": template(A=nest("child.yaml")), "child.yaml": CHILD}
    with pytest.raises(TidegaugeError, match="parameter Shards is in none of the templates"):
        priced(documents, Shards="3")  # the master gives its child none
    with pytest.raises(TidegaugeError) as refused:
        priced({"child.yaml": CHILD}, Shard="3")
    assert "Shards" in refused.value.hint


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path / "file.yaml"):
        path.parent.joinpath("file.yaml").write_text(NAT, encoding="utf-8")
        with pytest.raises(TidegaugeError, match="cannot be read"):
            read_templates(path)


def assembly(region: str = "us-east-1") -> dict[str, str]:
    """A cloud assembly with one stack that nests another, and a template that it does not deploy."""
    stack = {"type": "aws:cloudformation:stack", "environment": f"aws://1/{region}"}
    manifest = {
        "artifacts": {"Web": stack | {"properties": {"templateFile": "Web.template.json"}}, "Tree": {}}
    }
    destination = {"here": {"objectKey": "f00d.json"}}
    assets = {"files": {"f00d": {"source": {"path": "Child.nested.json"}, "destinations": destination}}}
    url = {
        "Fn::Join": [
            "",
            ["https://s3.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, "/f00d.json"],
        ]
    }
    return {
        "cdk.out/manifest.json": json.dumps(manifest),
        "cdk.out/Web.assets.json": json.dumps(assets),
        "cdk.out/Web.template.json": template(Child=nest(url), M={"Type": "AWS::CDK::Metadata"}),
        "cdk.out/Child.nested.json": NAT,
        "cdk.out/asset.1234/template.yaml": NAT,
    }


def test_a_cloud_assembly_deploys_what_its_manifest_says() -> None:
    cost = priced(assembly())
    assert (cost.monthly, cost.complete) == (Decimal("32.85"), True)
    assert [item.resource for item in cost.items] == ["Child/N"]
    assert priced({**assembly(), "beside.yaml": NAT}).monthly == Decimal("65.70")


def test_a_stack_of_another_region_is_said_to_be_priced_as_here() -> None:
    note = "cdk.out/Web.template.json is deployed in eu-west-1, and priced as in us-east-1"
    assert note in priced(assembly("eu-west-1")).assumptions
    assert note not in priced(assembly()).assumptions


def test_a_nested_asset_is_found_by_the_path_that_the_cdk_writes_beside_it() -> None:
    body = nest("https://x/unknown-hash.json") | {"Metadata": {"aws:asset:path": "Child.nested.json"}}
    documents = assembly() | {"cdk.out/Web.template.json": template(Child=body)}
    assert priced(documents).monthly == Decimal("32.85")


FREE_HELPERS = ("AWS::Lambda::Permission", "AWS::ApiGateway::Deployment")  # which no price needs


def read_by_others(name: str) -> list[str]:
    read = json.loads((READ / "read_by_others.json").read_text(encoding="utf-8"))
    return sorted(kind for kind in read[name].values() if kind not in FREE_HELPERS)


@pytest.mark.parametrize("name", ["sam.yaml", "loops.yaml"])
def test_types_of_resources_are_those_that_other_programs_read(name: str) -> None:
    documents = {name: (READ / name).read_text(encoding="utf-8")}
    found, _ = find_resources(documents, {}, "us-east-1")
    assert sorted(resource.type for resource in found) == read_by_others(name)


def test_loops_make_the_names_that_cfn_lint_makes() -> None:
    read = json.loads((READ / "read_by_others.json").read_text(encoding="utf-8"))["loops.yaml"]
    found, _ = find_resources({"l.yaml": (READ / "loops.yaml").read_text(encoding="utf-8")}, {}, "us-east-1")
    assert {resource.name: resource.type for resource in found} == read


def test_a_month_of_the_loops_is_the_sum_by_hand() -> None:
    # 3 gateways 98.55, 6 keys 6.00, 2 addresses 7.30, a cache.t3.micro with Valkey 730 x .0136 = 9.928
    cost = priced({"l.yaml": (READ / "loops.yaml").read_text(encoding="utf-8")})
    assert (cost.monthly, cost.complete) == (Decimal("121.778"), True)
    large = priced({"l.yaml": (READ / "loops.yaml").read_text(encoding="utf-8")}, Size="huge")
    assert large.monthly == Decimal("131.706")  # the default, cache.t3.small: 730 x .0272 = 19.856


def test_a_month_of_the_serverless_application_is_the_sum_by_hand() -> None:
    child = """
Parameters: {Nodes: {Type: Number}}
Resources:
  C:
    Type: AWS::ElastiCache::CacheCluster
    Properties: {CacheNodeType: cache.t3.micro, NumCacheNodes: !Ref Nodes}
"""
    cost = priced({"sam.yaml": (READ / "sam.yaml").read_text(encoding="utf-8"), "child.yaml": child})
    # 10 x .00013 x 730 + 5 x .00065 x 730 = .949 + 2.3725; 3 x 730 x .017 = 37.23
    assert cost.monthly == Decimal("40.5515")
    assert set(unpriced(cost)) == {"WebAlias.ProvisionedConcurrencyConfig", "RestStage.CacheClusterEnabled"}
