"""Arrays in a file without a name: what a run's results need of its rows, but not all at once."""

from __future__ import annotations

import os
import tempfile
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegauge.analysis.kept_arrays import Stored, in_memory


class Scratch:
    """A file in the temporary folder; it ends with the last who holds a part of it, or with the process."""

    def __init__(self) -> None:
        """OSError where there is no temporary folder."""
        file = tempfile.TemporaryFile(prefix="tidegauge-", buffering=0)  # noqa: SIM115 - open as long as this
        weakref.finalize(self, file.close)
        self._descriptor = file.fileno()
        self._end = 0

    def keep(self, array: NDArray[Any]) -> Stored:
        """Puts the array at the end of the file; where that is full, it stays in memory."""
        data, start = array.tobytes(), self._end
        try:
            while data:
                written = os.pwrite(self._descriptor, data, self._end)
                self._end += written
                data = data[written:]
        except OSError:
            return in_memory(array)  # a run that filled its disk gets its results
        return _Part(self, array.dtype, start, len(array))

    def read(self, start: int, size: int) -> bytes:
        """Bytes that were put there."""
        return os.pread(self._descriptor, size, start)


@dataclass(frozen=True, slots=True)
class _Part:
    """An array in the file."""

    scratch: Scratch
    dtype: np.dtype[Any]
    start: int
    length: int

    def __len__(self) -> int:
        return self.length

    def read(self) -> NDArray[Any]:
        """The array, from the file."""
        size = self.length * self.dtype.itemsize
        return np.frombuffer(self.scratch.read(self.start, size), self.dtype)

    def part(self, start: int, end: int) -> _Part:
        """A part of this part."""
        return _Part(self.scratch, self.dtype, self.start + start * self.dtype.itemsize, end - start)
