"""The worker's CPU quota: how much of a machine a Fargate task would have."""

from __future__ import annotations

from infra_under_test.cgroup import VCPU_MIN, Cage, CannotEmulate, make_cage
from infra_under_test.errors import StackError

NOT_EMULATED = "not emulated"
NO_LIMIT = "no limit asked for"


def check_vcpu(vcpu: float, cores: int) -> None:
    """Refuses a quota that this machine cannot give."""
    if not VCPU_MIN <= vcpu <= cores:
        raise StackError(
            f"--worker-vcpu {vcpu:g} is out of range: this machine has {cores} cores",
            f"choose {VCPU_MIN} to {cores}; more than the machine has cannot be emulated",
        )


def make_quota(name: str, vcpu: float | None) -> Cage:
    """The cage of the worker with its ffmpeg children; one without limits says why it has none."""
    if vcpu is None:
        return Cage(emulation=NO_LIMIT)
    try:
        return make_cage(name, vcpu)
    except CannotEmulate as why:
        return Cage(emulation=f"{NOT_EMULATED}: {why}")
