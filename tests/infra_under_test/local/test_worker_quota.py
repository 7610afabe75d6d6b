"""The worker's CPU quota: where it is set, and that it holds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra_under_test.cgroup import group_parents
from infra_under_test.errors import StackError
from infra_under_test.local import launch
from infra_under_test.local.worker_quota import NO_LIMIT, NOT_EMULATED, check_vcpu, make_quota

BURN = """
import time
end = time.monotonic() + 1.5
while time.monotonic() < end: pass
print(time.process_time())
"""


def test_version_2_is_tried_before_version_1() -> None:
    mounts = (
        "cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu,cpuacct 0 0\n"
        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n"
    )
    own = "4:cpu,cpuacct:/user\n0::/user.slice/session-1.scope\n"
    assert group_parents(mounts, own, "cpu") == [
        ("v2", Path("/sys/fs/cgroup/unified/user.slice/session-1.scope")),
        ("v2", Path("/sys/fs/cgroup/unified")),
        ("v1", Path("/sys/fs/cgroup/cpu/user")),
        ("v1", Path("/sys/fs/cgroup/cpu")),
    ]


def test_controllers_other_than_cpu_are_no_place_for_a_quota() -> None:
    assert group_parents("cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n", "3:cpuset:/\n", "cpu") == []


def test_no_quota_asked_for_is_no_emulation() -> None:
    quota = make_quota("none", None)
    assert (quota.emulation, quota.joins, quota.prefix) == (NO_LIMIT, (), ())


@pytest.mark.parametrize("vcpu", [0.0, -1.0, 2.5])
def test_a_quota_outside_the_machine_is_refused(vcpu: float) -> None:
    with pytest.raises(StackError, match="--worker-vcpu"):
        check_vcpu(vcpu, cores=2)


@pytest.mark.skipif(sys.platform != "linux", reason="cgroups are Linux's")
def test_the_quota_holds_for_a_process_and_is_removed() -> None:
    quota = make_quota(f"test-{os.getpid()}", 0.25)
    if quota.emulation.startswith(NOT_EMULATED):
        pytest.skip("no writable cgroup and no systemd on this machine")
    bounds = [str(os.getpid()), "0", str(next(iter(quota.joins), launch.NO_CGROUP))]
    command = [*quota.prefix, sys.executable, "-c", BURN]
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-I", "-S", launch.__file__, *bounds, *command], capture_output=True, check=True
    )
    wall_s = time.monotonic() - begun
    quota.remove()
    assert float(done.stdout) <= 0.25 * wall_s + 0.15  # one period of the quota, and the start before it
    assert not any(group.exists() for group in quota.groups)
