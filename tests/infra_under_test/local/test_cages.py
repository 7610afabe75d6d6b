"""A cage holds a process to a task's CPU and memory, tells who broke out, and leaves nothing behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_under_test import cgroup
from infra_under_test.cgroup import Cage, CannotEmulate, make_cage
from infra_under_test.transcode.errors import OutOfMemory
from infra_under_test.transcode.limits import Limits
from infra_under_test.transcode.process import Used, run_limited

MB = 1_000_000
FILL = "filled = bytearray({mb} * 1_000_000)\nfor at in range(0, len(filled), 4096): filled[at] = 1\n"
BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


@pytest.fixture
def cage() -> Iterator[Cage]:
    try:
        made = make_cage(f"test-{os.getpid()}", 0.25, 100 * MB)
    except CannotEmulate as why:
        pytest.skip(str(why))
    with made:
        yield made


def run(source: str, folder: Path, cage: Cage | None = None, limits: Limits = Limits()) -> Used:  # noqa: B008
    return run_limited([sys.executable, "-c", source], folder=folder, limits=limits, on_line=print, cage=cage)


def test_a_quarter_of_a_core_takes_four_times_as_long(cage: Cage, tmp_path: Path) -> None:
    used = run(BURN, tmp_path, cage)
    # .3 CPU-seconds in slices of 25 ms a 100 ms: the last period may end early
    assert 3 * used.cpu_s < used.wall_s < 5 * used.cpu_s + 0.2


def test_more_memory_than_the_cage_has_is_named_as_that(cage: Cage, tmp_path: Path) -> None:
    with pytest.raises(OutOfMemory, match="more memory than the task has"):
        run(FILL.format(mb=200), tmp_path, cage)
    assert cage.memory_kills() == 1


def test_memory_within_the_cage_is_counted(cage: Cage, tmp_path: Path) -> None:
    run(FILL.format(mb=50), tmp_path, cage)
    peak = cage.peak_bytes()
    assert peak is None or 50 * MB < peak <= 100 * MB
    assert cage.memory_kills() == 0


def test_the_groups_are_gone_with_the_cage(cage: Cage) -> None:
    assert cage.groups == () or all(group.exists() for group in cage.groups)
    cage.remove()
    assert not any(group.exists() for group in cage.groups)


def test_a_group_that_a_killed_run_left_is_used_again(cage: Cage) -> None:
    again = make_cage(f"test-{os.getpid()}", 0.5, 100 * MB)
    assert again.groups == cage.groups


def test_without_a_cage_the_sum_of_all_allocations_is_bounded_too(tmp_path: Path) -> None:
    with pytest.raises(OutOfMemory, match="more than 120 MB"):
        run(
            FILL.format(mb=400) + "import time; time.sleep(5)",
            tmp_path,
            limits=Limits(rss_bytes_max=120 * MB),
        )


def test_a_machine_without_any_means_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "group_parents", lambda *_: [])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotEmulate, match="no control group can be written"):
        make_cage("nowhere", 1, None)
