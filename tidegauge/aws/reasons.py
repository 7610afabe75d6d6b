"""Why a task did not do its work, in words, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# The first that is found in what ECS says decides. Names: "Amazon ECS stopped tasks error messages".
HINTS = (
    (
        "CannotPullContainer",
        "does the image exist, for this architecture? execution_role must be allowed to pull it, and the "
        "subnets must reach its registry: a NAT, endpoints, or assign_public_ip in a public subnet",
    ),
    (
        "OutOfMemory",
        "the bench needs more memory than this size has: measure a larger one",
    ),
    (
        "ResourceInitialization",
        "the subnets must reach ECR, S3 and CloudWatch Logs: a NAT, endpoints, or assign_public_ip in a "
        "public subnet; does the log group exist?",
    ),
    ("CannotStartContainer", "was the image built from benches/transcode/image/Dockerfile?"),
    ("apacity is unavailable", "try later, subnets of other zones, or on demand instead of Spot"),
    ("Spot", "Spot took the task back: measure on demand, or again"),
    ("network interface", "are there free addresses in the subnets?"),
    ("RESOURCE:GPU", "the capacity provider has no instance with a free GPU"),
    ("RESOURCE:", "the capacity provider has no instance with so much free"),
    ("ATTRIBUTE", "the capacity provider has no instance of this type"),
    ("AGENT", "an instance's ECS agent is not connected"),
)
OOM_EXIT = 137  # killed: 128 + SIGKILL


def hint_of(reason: str) -> str:
    """What to do about what ECS says."""
    return next((hint for sign, hint in HINTS if sign in reason), "")


def start_failure(failures: list[Mapping[str, Any]]) -> str:
    """What `failures` of RunTask say."""
    said = [" ".join(str(entry[key]) for key in ("reason", "detail") if entry.get(key)) for entry in failures]
    return "; ".join(dict.fromkeys(said)) or "ECS started no task and gave no reason"


def stop_reason(task: Mapping[str, Any], container: str) -> str | None:
    """Why a stopped task failed; None where its container ended with exit code 0."""
    containers: list[Mapping[str, Any]] = task.get("containers", [])
    found = next((each for each in containers if each.get("name") == container), {})
    exit_code = found.get("exitCode")
    if exit_code == 0:
        return None
    return "; ".join(_said(task, found, exit_code)) or "the task stopped without a reason"


def _said(task: Mapping[str, Any], container: Mapping[str, Any], exit_code: int | None) -> Iterator[str]:
    if container.get("reason"):
        yield str(container["reason"])
    if exit_code == OOM_EXIT and not container.get("reason"):
        yield "the container was killed (exit code 137), as for OutOfMemory"
    elif exit_code is not None:
        yield f"the container ended with exit code {exit_code}"
    if task.get("stoppedReason"):
        yield str(task["stoppedReason"])
