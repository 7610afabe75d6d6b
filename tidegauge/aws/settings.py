"""Where tasks may run: the `[aws]` table of a stack descriptor, with its `[aws.bench]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from tidegauge.documents import parse
from tidegauge.errors import TidegaugeError
from tidegauge.stack import Stack

DEFAULT_PREFIX = "tidegauge/bench"


def _text(pattern: str, length_max: int = 255) -> Any:
    """A string of this form; the classes are ASCII, as AWS' names are."""
    return Field(pattern=f"^{pattern}$", max_length=length_max)


Role = Annotated[str, _text(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+", 600)]
Subnet = Annotated[str, _text("subnet-[a-z0-9]+")]
SecurityGroup = Annotated[str, _text("sg-[a-z0-9]+")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchTasks:
    """`[aws.bench]`: what a bench's tasks are made of."""

    image: Annotated[str, _text("[A-Za-z0-9][A-Za-z0-9_.:/@-]*", 400)]
    subnets: Annotated[tuple[Subnet, ...], Field(min_length=1)]
    security_groups: Annotated[tuple[SecurityGroup, ...], Field(min_length=1)]
    bucket: Annotated[str, _text("[a-z0-9][a-z0-9.-]+[a-z0-9]", 63)]
    task_role: Role  # reads and writes below `prefix` in the bucket
    execution_role: Role | None = None  # pulls a private image, writes logs
    capacity_provider: Annotated[str, _text("[A-Za-z0-9_-]+")] | None = (
        None  # its Auto Scaling group starts EC2 instances
    )
    prefix: Annotated[str, _text("[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", 200)] = DEFAULT_PREFIX
    assign_public_ip: bool = False  # for Fargate in a public subnet without endpoints
    log_group: Annotated[str, _text("[A-Za-z0-9_./#-]+", 512)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """Region, cluster and tasks."""

    region: Annotated[str, _text("[a-z]{2}(-[a-z]+)+-[0-9]", 30)]
    cluster: Annotated[str, _text("[A-Za-z0-9_:/-]+")]
    bench: BenchTasks


def task_settings(stack: Stack, where: str) -> TaskSettings:
    """The stack's settings for tasks; `where` names the descriptor in errors (exit 2)."""
    chosen: dict[str, Any] = {
        name: stack.aws[name] for name in ("region", "cluster", "bench") if name in stack.aws
    }
    if not chosen.get("bench"):
        raise TidegaugeError(
            f"{where} has no [aws.bench]: nothing says where tasks may run",
            "docs/transcode.md lists its keys: image, subnets, security_groups, bucket, task_role",
        )
    try:
        return parse(TaskSettings, chosen, f"{where} [aws]")
    except TidegaugeError as error:
        hint = error.hint if error.hint.startswith("did you mean") else "docs/transcode.md lists the keys"
        raise TidegaugeError(error.message, hint) from None
