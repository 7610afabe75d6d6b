"""The `[replay]` table of a plan: how a line of a log becomes a request to the stack under test."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from tidegauge.errors import TidegaugeError, nearest

REPLAY_FLOW = "replay"  # the flow of every line that is sent as it was logged
SEED_BASES: dict[str, Literal["api", "cdn"]] = {"/v1/": "api"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How lines are mapped; every key has a default."""

    paths: Literal["keep", "assets"] = "keep"  # as logged, or onto the catalogue's assets by popularity
    # By path prefix.
    bases: dict[str, Literal["api", "cdn"]] = field(default_factory=lambda: dict(SEED_BASES))
    flows: dict[str, str] = field(default_factory=dict)  # "POST /v1/upload" = the flow to run instead
    resign: bool = True  # signed URLs get a signature of the stack's key; else they are sent as logged
    expect: Literal["good", "logged"] = "good"  # any 2xx or 3xx, or the class of the logged status


def check_replay(replay: Replay, what: str, flows: Collection[str]) -> None:
    """Refuses rules that could match nothing, or name no flow (exit 2)."""
    for prefix in replay.bases:
        if not prefix.startswith("/"):
            raise TidegaugeError(
                f"{what}: replay.bases '{prefix:.60}' does not start with /", "name a path prefix"
            )
    for rule, flow in replay.flows.items():
        if not re.fullmatch(r"[A-Z]+ /\S*", rule):
            raise TidegaugeError(
                f"{what}: replay.flows '{rule:.60}' is not METHOD /PATH",
                'for example "POST /v1/upload" = "upload"',
            )
        if flow not in flows:
            raise TidegaugeError(
                f"{what}: replay.flows names the unknown flow '{flow}'", nearest(flow, flows)
            )
