"""Which of a run's requests are stored, by its plan and stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tidegauge.store import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Which rows are stored, and by what they are counted."""

    samples: Literal["all", "slow", "none"] = "all"
    start_s: float = 0.0  # the measured window begins after the warm-up …
    end_s: float = float("inf")  # … and ends with the last phase
    path_patterns: Sequence[str] = ()  # the stack's cache behaviours …
    caches: Sequence[bool] = ()  # … and which of them have a TTL: only those have a hit ratio


def recording_of(folder: RunFolder) -> Recording | None:
    """The recording of a run; None in a folder without run.json, where plain Locust stores its samples."""
    if not folder.run_json.exists():
        return None
    run = folder.read_run()
    return Recording(
        samples=run.plan.samples,
        start_s=run.window.start_s,
        end_s=run.window.end_s,
        path_patterns=[behaviour.path_pattern for behaviour in run.stack.behaviour],
        caches=[behaviour.ttl_s > 0 for behaviour in run.stack.behaviour],
    )
