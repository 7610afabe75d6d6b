"""The Fargate tasks that an ECS service keeps running."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.property_values import entry, entry_text, mappings, whole
from tidegauge.cost.architecture.resources import Holding, Resource
from tidegauge.cost.architecture.scaling import minimum_of
from tidegauge.cost.architecture.unknown import Unresolvable

FREE_EPHEMERAL_GIB = 20  # included in every task
HOSTS = ("AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::Instance")
ASSOCIATIONS = "AWS::ECS::ClusterCapacityProviderAssociations"
CAPACITY = {"FARGATE": "on_demand", "FARGATE_SPOT": "spot"}
AT_DESIRED_COUNT = (
    "ECS services are counted at their desired count, or their scaling's MinCapacity, around the clock; "
    "tasks beyond these come on top where usage has them"
)
_SIZE = re.compile(r"([0-9]*\.?[0-9]+) ?(vcpu|gb)?", re.IGNORECASE)


def hold_tasks(resource: Resource) -> Iterator[Holding]:
    """vCPU and memory of the tasks, split over the capacity providers; none on instances of their own."""
    if is_on_instances(resource):
        return
    desired = _desired(resource)
    task = _task(resource)
    platform = task.mapping("RuntimePlatform")
    system = entry_text(platform, "OperatingSystemFamily", "LINUX")
    if system != "LINUX":
        raise Unresolvable(f"no price is known for Fargate on {system:.40}")
    arch = "arm" if entry_text(platform, "CpuArchitecture", "X86_64") == "ARM64" else "x86"
    split = list(_tasks_by_capacity(resource, desired))
    for unit, name, measure in (("vcpu_second", "Cpu", "vcpu"), ("gb_second", "Memory", "gb")):
        amount = _size(task, name, measure)
        for capacity, tasks in split:
            yield Holding(
                service="fargate",
                unit=unit,
                quantity=tasks * amount,
                attributes={"arch": arch, "capacity": capacity},
                tasks=tasks,
                assumption=AT_DESIRED_COUNT,
            )


def hold_storage(resource: Resource) -> Iterator[Holding]:
    """Scratch space of the tasks above what every task has."""
    storage = {} if is_on_instances(resource) else _task(resource).mapping("EphemeralStorage")
    if storage:
        desired = _desired(resource)
        above = whole(storage.get("SizeInGiB"), "SizeInGiB") - FREE_EPHEMERAL_GIB
        yield Holding(
            service="fargate",
            unit="ephemeral_gb_second",
            quantity=Fraction(desired * max(above, 0)),
            how=f"{above + FREE_EPHEMERAL_GIB} GB a task, of which {FREE_EPHEMERAL_GIB} are included",
            tasks=Fraction(desired),
        )


def hold_addresses(resource: Resource) -> Iterator[Holding]:
    """A public IPv4 address a task, where tasks have them."""
    network = entry(resource.mapping("NetworkConfiguration"), "AwsvpcConfiguration")
    if entry_text(network, "AssignPublicIp", "DISABLED") == "ENABLED":
        yield Holding(service="vpc", unit="public_ipv4_hour", quantity=Fraction(_desired(resource)))


def is_on_instances(service: Resource) -> bool:
    """Whether its tasks run on instances that the templates have, and that are billed by themselves."""
    if _strategy(service) or service.text("LaunchType", "EC2") != "EC2":
        return False
    return any(other.may_be_deployed for other in service.others.of(*HOSTS))


def _desired(service: Resource) -> int:
    """The desired count, or the least that its scaling keeps."""
    if service.text("SchedulingStrategy", "REPLICA") == "DAEMON":
        raise Unresolvable("a daemon runs a task on every instance")
    return max(service.count("DesiredCount", 1), minimum_of(service, "ecs:service:DesiredCount"))


def _task(service: Resource) -> Resource:
    return service.referred("TaskDefinition", "AWS::ECS::TaskDefinition", "Family")


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
        if _is_of_instances(service, part.get("CapacityProvider")):
            continue
        provider = entry_text(part, "CapacityProvider", "")
        if provider not in CAPACITY:
            raise Unresolvable(f"no price is known for capacity provider {provider!r:.60}")
        tasks = base + (Fraction(rest * weight, sum(weights)) if rest else Fraction(0))
        if tasks:
            yield CAPACITY[provider], tasks


def _strategy(service: Resource) -> list[Mapping[str, Any]]:
    """The service's own strategy; else, without a launch type, its cluster's default."""
    own = mappings(service.get("CapacityProviderStrategy"), "CapacityProviderStrategy")
    if own or "LaunchType" in service.properties or "Cluster" not in service.properties:
        return own
    cluster = service.referred("Cluster", "AWS::ECS::Cluster", "ClusterName")
    for other in service.others.of(ASSOCIATIONS):
        if other.named(other.get("Cluster"), "AWS::ECS::Cluster") is cluster:
            cluster = other
    return mappings(cluster.get("DefaultCapacityProviderStrategy"), "DefaultCapacityProviderStrategy")


def _is_of_instances(service: Resource, provider: Any) -> bool:
    """Whether a capacity provider is a group of instances, which is billed by itself."""
    kind = "AWS::ECS::CapacityProvider"
    own = service.named(provider, kind) or next(
        (each for each in service.others.of(kind) if each.label("Name", "") == provider), None
    )
    return own is not None and "AutoScalingGroupProvider" in own.properties
