"""What an architecture's templates say that an estimate's reader should know, beside prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tidegauge.cost.architecture.resources import Resource, find_resources
from tidegauge.cost.architecture.unknown import Unresolvable
from tidegauge.cost.audit.said import Finding

SPOT = "FARGATE_SPOT"


def architecture_findings(
    templates: Mapping[str, str], *, region: str, parameters: Mapping[str, str]
) -> list[Finding]:
    """Findings on `templates` ({file name: text}); what only deployment knows is left out."""
    found, _notes = find_resources(templates, parameters, region)
    resources = []
    for resource in found:
        try:
            if resource.is_deployed and isinstance(resource.properties, dict):
                resources.append(resource)
        except Unresolvable:
            continue
    return [finding for rule in _RULES for finding in rule(resources)]


def _of(resources: Sequence[Resource], kind: str) -> list[Resource]:
    return [resource for resource in resources if resource.type == kind]


def _nothing_scales(resources: Sequence[Resource]) -> Iterator[Finding]:
    services = _of(resources, "AWS::ECS::Service")
    if services and not _of(resources, "AWS::ApplicationAutoScaling::ScalableTarget"):
        names = ", ".join(service.name for service in services)
        message = (
            f"no scalable target is registered, so {names} stay at their desired count whatever the load"
        )
        yield Finding(code="nothing_scales", message=message)


def _spot_is_overridden(resources: Sequence[Resource]) -> Iterator[Finding]:
    for cluster in _of(resources, "AWS::ECS::Cluster"):
        strategy = cluster.properties.get("DefaultCapacityProviderStrategy")
        parts = [part for part in strategy if isinstance(part, dict)] if isinstance(strategy, list) else []
        weights = {str(part.get("CapacityProvider")): part.get("Weight", 0) for part in parts}
        if not all(isinstance(weight, int) for weight in weights.values()) or not weights.get(SPOT):
            continue
        fixed = [each.name for each in _of(resources, "AWS::ECS::Service") if "LaunchType" in each.properties]
        if fixed:
            share = 100 * weights[SPOT] / sum(weights.values())
            message = (
                f"{cluster.name} would run {share:.0f} % on Spot, but {', '.join(fixed)} set a launch type, "
                "which means on demand: no task runs on Spot"
            )
            yield Finding(code="spot_overridden", message=message)


def _s3_through_nat(resources: Sequence[Resource]) -> Iterator[Finding]:
    endpoints = _of(resources, "AWS::EC2::VPCEndpoint")
    has_s3 = any(str(each.properties.get("ServiceName")).endswith(".s3") for each in endpoints)
    gateways = _of(resources, "AWS::EC2::NatGateway")
    if gateways and not has_s3 and _of(resources, "AWS::S3::Bucket"):
        names = ", ".join(gateway.name for gateway in gateways)
        message = f"there is no S3 endpoint, so what tasks read from and write to S3 is billed by {names} too"
        yield Finding(code="s3_through_nat", message=message)


_RULES = (_nothing_scales, _spot_is_overridden, _s3_through_nat)
