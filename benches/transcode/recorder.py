"""What the pytest session of the transcode bench is given, and what it hands back, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benches.transcode.profiles import Profile
from infra_under_test.transcode import Rendition

KEY = pytest.StashKey["Recorder"]()
OnCell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What to measure: every medium in every rendition on every profile."""

    media: Sequence[Path]
    renditions: Sequence[Rendition]
    profiles: Sequence[Profile]  # no two of one size
    rounds: int
    keep: Path | None = None  # outputs are copied there
    quality: bool = True
    as_is: bool = False  # this machine is of the profile's size already: measured without a cage

    @property
    def cells(self) -> int:
        """How many cells there will be."""
        return len(self.media) * len(self.renditions) * len(self.profiles)


@dataclass(slots=True)
class Recorder:
    """A pytest plugin: carries the matrix in, keeps the cells that are done, whatever ends the session."""

    matrix: Matrix
    on_cell: OnCell
    stopped_by: Sequence[int] = ()  # signals that came
    cells: list[dict[str, Any]] = field(default_factory=list)
    _measured: set[str] = field(default_factory=set)

    def add(self, node: str, cell: dict[str, Any], *, measured: bool) -> None:
        """The cell of test `node`; one that failed has no benchmark."""
        self.cells.append(cell)
        if measured:
            self._measured.add(node)
        self.on_cell(cell)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Hands itself to the tests before any is collected."""
        config.stash[KEY] = self

    def pytest_runtest_setup(self) -> None:
        """Repeats an interrupt: one in a finaliser was lost, as Python ignores what is raised there."""
        if self.stopped_by:
            raise KeyboardInterrupt

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # before pytest-benchmark's own wrapper
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """A bench that was stopped in its rounds has no result, and pytest-benchmark cannot sum it up."""
        ours: Any = session.config
        benchmarks = ours._benchmarksession.benchmarks
        benchmarks[:] = [each for each in benchmarks if each.fullname in self._measured]
        return (yield)
