from __future__ import annotations

import errno
import gc
import os
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np

from tidegauge.results.scratch import Scratch

ROW = np.dtype([("arrival", np.int64), ("failed", np.bool_)])


def test_arrays_come_back_whole_and_in_part() -> None:
    keep = Scratch().keep
    rows = np.array([(4, True), (5, False), (6, True)], dtype=ROW)
    kept, empty, times = keep(rows), keep(np.empty(0)), keep(np.arange(5) / 4)
    assert kept.read().tolist() == rows.tolist()
    assert (len(empty), empty.read().tolist()) == (0, [])
    assert (len(times.part(1, 4)), times.part(1, 4).part(1, 3).read().tolist()) == (3, [0.5, 0.75])


def test_the_file_has_no_name_and_ends_with_its_last_part() -> None:
    def held() -> int:
        gc.collect()
        return len([*Path("/proc/self/fd").iterdir()])

    before = held()
    part = Scratch().keep(np.arange(3.0))
    assert not [*Path(tempfile.gettempdir()).glob("tidegauge-*")]
    assert held() == before + 1
    assert part.read().tolist() == [0.0, 1.0, 2.0]
    del part
    assert held() == before


def test_what_finds_no_room_in_the_file_stays_in_memory() -> None:
    scratch = Scratch()
    before = scratch.keep(np.arange(3.0))
    with patch("os.pwrite", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
        without_room = scratch.keep(np.arange(4.0))
    after = scratch.keep(np.arange(5.0))
    assert [len(kept.read()) for kept in (before, without_room, after)] == [3, 4, 5]
    assert without_room.part(1, 3).read().tolist() == [1.0, 2.0]
