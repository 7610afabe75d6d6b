"""Arrays that are too many for memory: kept somewhere, and read when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray


class Stored(Protocol):
    """An array, wherever it is."""

    def __len__(self) -> int: ...

    def read(self) -> NDArray[Any]:
        """The array, to be read only."""
        ...

    def part(self, start: int, end: int) -> Stored:
        """The elements from `start` to before `end`, which is at most the length."""
        ...


Keep = Callable[[NDArray[Any]], Stored]  # puts an array where it is kept


@dataclass(frozen=True, slots=True)
class InMemory:
    """An array that is kept where it is."""

    array: NDArray[Any]

    def __len__(self) -> int:
        return len(self.array)

    def read(self) -> NDArray[Any]:
        """The array itself."""
        return self.array

    def part(self, start: int, end: int) -> InMemory:
        """Not copied."""
        return InMemory(self.array[start:end])


def in_memory(array: NDArray[Any]) -> Stored:
    """Keeps the array where it is."""
    return InMemory(array)
