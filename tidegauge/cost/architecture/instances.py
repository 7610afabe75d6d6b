"""The EC2 instances that templates keep running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.property_values import YES, entry, entry_text, is_on, mappings
from tidegauge.cost.architecture.resources import Holding, Resource
from tidegauge.cost.architecture.unknown import Unresolvable

GROUP = "AWS::AutoScaling::AutoScalingGroup"
VOLUMES = "EBS volumes, the image's root volume among them, are billed by size; the price book has none"
LAUNCH = ("AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration")
AT_DESIRED_CAPACITY = "auto scaling groups are counted at DesiredCapacity, else at MinSize, around the clock"


def hold_instance(resource: Resource) -> Iterator[Holding]:
    """One instance of its type, or of its launch template's."""
    launch = launch_of(resource)
    kind = resource.get("InstanceType") or launch.get("InstanceType")
    yield _instances(_type(kind), 1)


def hold_group(resource: Resource) -> Iterator[Holding]:
    """As many instances as the group wants without load."""
    wanted = resource.count("DesiredCapacity", None) if "DesiredCapacity" in resource.properties else None
    number = resource.count("MinSize") if wanted is None else max(wanted, resource.count("MinSize", 0))
    if not number:
        return
    if "MixedInstancesPolicy" in resource.properties:
        raise Unresolvable("MixedInstancesPolicy: which instance types it runs is known at deployment only")
    launch = launch_of(resource)
    if launch.get("SpotPrice") or entry(launch, "InstanceMarketOptions"):
        raise Unresolvable("no price is known for Spot instances")
    yield _instances(_type(launch.get("InstanceType")), number)
    if is_on(_address(launch) or False, "AssociatePublicIpAddress"):
        yield Holding(service="vpc", unit="public_ipv4_hour", quantity=Fraction(number))


def hold_instance_address(resource: Resource) -> Iterator[Holding]:
    """A public IPv4 address, where the instance or its subnet asks for one."""
    asked = _address({**launch_of(resource), **resource.resolved})
    if asked is None:
        subnet = resource.named(resource.get("SubnetId"), "AWS::EC2::Subnet")
        if subnet is None:
            raise Unresolvable("whether its subnet gives it a public address is known at deployment only")
        asked = subnet.flag("MapPublicIpOnLaunch")
    if is_on(asked, "AssociatePublicIpAddress"):
        yield Holding(service="vpc", unit="public_ipv4_hour", quantity=Fraction(1))


def launch_of(resource: Resource) -> Mapping[str, Any]:
    """What the launch template or launch configuration that a resource names asks for."""
    named = resource.get("LaunchConfigurationName")
    template = resource.mapping("LaunchTemplate")
    if named is None:
        named = template.get("LaunchTemplateId", template.get("LaunchTemplateName"))
    if named is None:
        return {}
    found = resource.named(named, *LAUNCH)
    if found is None:
        for other in resource.others.of(*LAUNCH):
            own = other.label("LaunchTemplateName", "") or other.label("LaunchConfigurationName", "")
            if own and own == named:
                found = other
    if found is None:
        raise Unresolvable("its launch template is in none of the templates")
    if found.type == LAUNCH[0]:
        return found.mapping("LaunchTemplateData")
    return found.resolved


def _type(kind: Any) -> str:
    if kind is None:
        raise Unresolvable("InstanceType is not given")
    return entry_text({"InstanceType": kind}, "InstanceType", "")


def _address(launch: Mapping[str, Any]) -> Any:
    """Whether a public address is asked for; None where it is left to the subnet."""
    interfaces = mappings(launch.get("NetworkInterfaces"), "NetworkInterfaces")
    asked = [each["AssociatePublicIpAddress"] for each in interfaces if "AssociatePublicIpAddress" in each]
    if asked:
        return asked[0]
    return launch.get("AssociatePublicIpAddress")


def _instances(kind: str, number: int) -> Holding:
    return Holding(
        service="ec2",
        unit="instance_second",
        quantity=Fraction(number),
        attributes={"instance_type": kind},
        assumption=AT_DESIRED_CAPACITY if number > 1 else "",
    )


def unpriced_launch(resource: Resource) -> Iterator[tuple[str, str]]:
    """(property, reason) of what instances cost beside their hours."""
    if resource.type == GROUP and not _is_running(resource):
        return
    yield "BlockDeviceMappings", VOLUMES
    try:
        launch = {**launch_of(resource)}
    except Unresolvable as reason:
        yield "LaunchTemplate", str(reason)
        return
    is_configuration = "LaunchConfigurationName" in resource.properties
    monitored = launch.get("InstanceMonitoring", is_configuration)  # a launch configuration's own default
    if monitored in YES or entry(launch, "Monitoring").get("Enabled") in YES:
        yield "Monitoring", "detailed monitoring is billed as custom metrics"
    if entry(launch, "CreditSpecification").get("CpuCredits", "standard") != "standard":
        yield "CreditSpecification", "unlimited credits are billed above the baseline"
    tenancy = entry(launch, "Placement").get("Tenancy", launch.get("PlacementTenancy", "default"))
    if tenancy != "default":
        yield "Placement", "dedicated tenancy has other prices"
    for name in ("ElasticGpuSpecifications", "ElasticInferenceAccelerators", "LicenseSpecifications"):
        if launch.get(name):
            yield name, "it is billed by itself"


def _is_running(group: Resource) -> bool:
    try:
        return any(group.count(name, 0) for name in ("MinSize", "DesiredCapacity"))
    except Unresolvable:
        return True
