"""What ECS is asked for: a task definition of an exact size, and where its tasks run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from tidegauge.aws.settings import TaskSettings
from tidegauge.errors import TidegaugeError

CONTAINER = "bench"
CPU_UNITS = 1024  # a vCPU
MIB_PER_GB = 1024
# What the agent and the system leave of an EC2 instance's memory: assumed, ECS publishes no figure.
INSTANCE_MEMORY_SHARE = Fraction(15, 16)
ARCHITECTURES = {"x86": "X86_64", "arm": "ARM64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSize:
    """One size of task: a Fargate task, or a whole EC2 instance of `instance_type`."""

    name: str
    arch: Literal["x86", "arm"]
    vcpu: Decimal
    memory_gb: Decimal  # 1,024 MiB each
    spot: bool = False
    instance_type: str | None = None  # None: Fargate
    gpu: bool = False


def task_size(profile: dict[str, Any]) -> TaskSize:
    """The size of a profile as `bench profiles` lists it; exit 2 for one that ECS cannot run."""
    name, kind = str(profile["name"]), profile["kind"]
    if kind not in ("fargate", "ec2-gpu", "ec2-cpu") or profile["arch"] not in ARCHITECTURES:
        raise TidegaugeError(
            f"profile '{name}' is not an ECS task", "name task sizes: `tidegauge bench profiles` lists them"
        )
    return TaskSize(
        name=name,
        arch=profile["arch"],
        vcpu=Decimal(str(profile["vcpu"])),
        memory_gb=Decimal(str(profile["memory_gb"])),
        spot=profile["capacity"] == "spot",
        instance_type=None if kind == "fargate" else name.removeprefix(f"{kind}-"),
        gpu=profile["gpu"] is not None,
    )


def definition(size: TaskSize, settings: TaskSettings) -> dict[str, Any]:
    """Arguments of RegisterTaskDefinition; the command comes with each task."""
    cpu, memory = str(int(size.vcpu * CPU_UNITS)), str(_memory_mib(size))
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": settings.bench.image,
        "essential": True,
        "cpu": int(cpu),
        "memory": int(memory),
        "environment": [{"name": "AWS_DEFAULT_REGION", "value": settings.region}],
        "linuxParameters": {"initProcessEnabled": True},  # ffmpeg's orphans are reaped
    }
    if size.gpu:
        container["resourceRequirements"] = [{"type": "GPU", "value": "1"}]
    if settings.bench.log_group:
        container["logConfiguration"] = {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": settings.bench.log_group,
                "awslogs-region": settings.region,
                "awslogs-stream-prefix": "tidegauge",
            },
        }
    asked: dict[str, Any] = {
        "family": "tidegauge-bench-" + re.sub(r"[^A-Za-z0-9_-]", "_", size.name),
        "cpu": cpu,
        "memory": memory,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["EC2" if size.instance_type else "FARGATE"],
        "runtimePlatform": {"cpuArchitecture": ARCHITECTURES[size.arch], "operatingSystemFamily": "LINUX"},
        "taskRoleArn": settings.bench.task_role,
        "containerDefinitions": [container],
    }
    if settings.bench.execution_role:
        asked["executionRoleArn"] = settings.bench.execution_role
    return asked


def placement(size: TaskSize, settings: TaskSettings) -> dict[str, Any]:
    """The part of RunTask that says where: a launch type or a capacity-provider strategy, never both."""
    public = settings.bench.assign_public_ip and size.instance_type is None  # EC2 tasks cannot have one
    network = {
        "subnets": list(settings.bench.subnets),
        "securityGroups": list(settings.bench.security_groups),
        "assignPublicIp": "ENABLED" if public else "DISABLED",
    }
    where: dict[str, Any] = {"networkConfiguration": {"awsvpcConfiguration": network}}
    if size.instance_type is None and not size.spot:
        return where | {"launchType": "FARGATE"}
    provider = "FARGATE_SPOT" if size.instance_type is None else settings.bench.capacity_provider
    if provider is None:
        raise TidegaugeError(
            f"profile '{size.name}' runs on an EC2 instance, and [aws.bench] names no capacity_provider",
            f"make one of an Auto Scaling group of {size.instance_type}, and name it there",
        )
    where["capacityProviderStrategy"] = [{"capacityProvider": provider, "weight": 1}]
    if size.instance_type:  # the group may hold other types: the figure is this one's
        expression = f"attribute:ecs.instance-type == {size.instance_type}"
        where["placementConstraints"] = [{"type": "memberOf", "expression": expression}]
    return where


def _memory_mib(size: TaskSize) -> int:
    mib = Fraction(size.memory_gb) * MIB_PER_GB
    return int(mib * INSTANCE_MEMORY_SHARE if size.instance_type else mib)
