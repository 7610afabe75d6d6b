"""The Fargate tasks that an ECS service keeps running."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.resources import Holding, Resource, entry_text, whole
from tidegauge.cost.architecture.template_values import Unresolvable

FREE_EPHEMERAL_GIB = 20  # included in every task
CAPACITY = {"FARGATE": "on_demand", "FARGATE_SPOT": "spot"}
AT_DESIRED_COUNT = (
    "ECS services are counted at their desired count around the clock; autoscaling is not foreseen, and busy "
    "time of their tasks that usage estimates too comes on top"
)
_SIZE = re.compile(r"([0-9]*\.?[0-9]+) ?(vcpu|gb)?", re.IGNORECASE)


def hold_service(resource: Resource) -> Iterator[Holding]:
    """vCPU and memory of the desired tasks, split over the capacity providers, and their public addresses."""
    desired = resource.count("DesiredCount", 1)  # ECS' default for a new service
    task = resource.referred("TaskDefinition", "AWS::ECS::TaskDefinition", "Family")
    platform = task.mapping("RuntimePlatform")
    arch = "arm" if entry_text(platform, "CpuArchitecture", "X86_64") == "ARM64" else "x86"
    vcpu = _size(task, "Cpu", "vcpu")
    memory_gb = _size(task, "Memory", "gb")
    for capacity, tasks in _tasks_by_capacity(resource, desired):
        attributes = {"arch": arch, "capacity": capacity}
        for unit, amount in (("vcpu_second", vcpu), ("gb_second", memory_gb)):
            yield Holding(
                service="fargate",
                unit=unit,
                quantity=tasks * amount,
                attributes=attributes,
                tasks=tasks,
                assumption=AT_DESIRED_COUNT,
            )
    storage = task.mapping("EphemeralStorage")
    if storage:
        above = whole(storage.get("SizeInGiB"), "SizeInGiB") - FREE_EPHEMERAL_GIB
        yield Holding(
            service="fargate",
            unit="ephemeral_gb_second",
            quantity=Fraction(desired * max(above, 0)),
            how=f"{above + FREE_EPHEMERAL_GIB} GB a task, of which {FREE_EPHEMERAL_GIB} are included",
            tasks=Fraction(desired),
        )
    network = resource.mapping("NetworkConfiguration").get("AwsvpcConfiguration", {})
    if not isinstance(network, dict):
        raise Unresolvable("AwsvpcConfiguration is not a mapping")
    if entry_text(network, "AssignPublicIp", "DISABLED") == "ENABLED":
        yield Holding(service="vpc", unit="public_ipv4_hour", quantity=Fraction(desired))


def _size(task: Resource, name: str, unit: str) -> Fraction:
    """vCPUs from CPU units (1,024 a vCPU) or '.5 vCPU'; GB from MiB or '4 GB'."""
    written = task.text(name)
    match = _SIZE.fullmatch(written.strip())
    if match is None or (match[2] or unit).lower() != unit:
        raise Unresolvable(f"{name} of {task.name} is '{written:.40}'")
    amount = Fraction(Decimal(match[1]))
    return amount if match[2] else amount / 1024


def _tasks_by_capacity(service: Resource, desired: int) -> Iterator[tuple[str, Fraction]]:
    """Expected tasks a capacity: the base first, the rest by weight."""
    strategy = _strategy(service)
    if not strategy:
        launch_type = service.text("LaunchType", "EC2")  # ECS' default without any strategy
        if launch_type != "FARGATE":
            raise Unresolvable(
                f"its launch type is {launch_type:.40}, whose instances are not in the service"
            )
        yield "on_demand", Fraction(desired)
        return
    weights = [whole(part.get("Weight", 0), "Weight") for part in strategy]
    bases = [min(whole(part.get("Base", 0), "Base"), desired) for part in strategy]
    rest = max(desired - sum(bases), 0)
    if not sum(weights) and rest:
        raise Unresolvable("its capacity providers have no weight")
    for part, weight, base in zip(strategy, weights, bases, strict=True):
        provider = entry_text(part, "CapacityProvider", "")
        if provider not in CAPACITY:
            raise Unresolvable(f"no price is known for capacity provider {provider!r:.60}")
        tasks = base + (Fraction(rest * weight, sum(weights)) if rest else Fraction(0))
        if tasks:
            yield CAPACITY[provider], tasks


def _strategy(service: Resource) -> list[Mapping[str, Any]]:
    """The service's own strategy; else, without a launch type, its cluster's default."""
    own: list[Any] = service.items("CapacityProviderStrategy")
    if not own and "LaunchType" not in service.properties and "Cluster" in service.properties:
        cluster = service.referred("Cluster", "AWS::ECS::Cluster", "ClusterName")
        own = cluster.items("DefaultCapacityProviderStrategy")
    if any(not isinstance(part, dict) for part in own):
        raise Unresolvable("its capacity provider strategy holds something that is not a strategy")
    return own
