"""Objectives that a stall may pass by: what a plan of several steps had better judge too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ERROR_RATIO = "error_ratio"


def stall_advice(
    objectives: Mapping[str, Mapping[str, float]], endpoints: Sequence[tuple[str, str]]
) -> list[str]:
    """A sentence for flows of several endpoints whose time limits are on `total` or on later ones alone.

    `endpoints`: (flow, endpoint) in the order of the flows' steps. A later step is intended when the one
    before it is done: so a stall is in the times of the first step and of the session, and hardly in others.
    """
    timed = {target for target, limits in objectives.items() if set(limits) - {ERROR_RATIO}}
    flows: dict[str, list[str]] = {}
    for flow, endpoint in endpoints:
        flows.setdefault(flow, []).append(endpoint)
    passed: dict[str, list[str]] = {}  # flows by what judges them
    for flow, steps in flows.items():
        if len(steps) > 1 and (own := _passed_by(timed, flow, steps)):
            passed.setdefault(", ".join(f"'{target}'" for target in own), []).append(flow)
    return [_sentence(targets, names) for targets, names in passed.items()]


def _passed_by(timed: set[str], flow: str, steps: Sequence[str]) -> list[str]:
    """The targets that judge the flow; none where one of them sees a stall."""
    if f"session:{flow}" in timed or steps[0] in timed:
        return []
    return [target for target in ("total", f"flow:{flow}", *steps[1:]) if target in timed]


def _sentence(targets: str, flows: Sequence[str]) -> str:
    sessions = ", ".join(f'[objectives."session:{flow}"]' for flow in flows)
    return (
        f"Time limits on {targets} alone may let a stall pass by: in a flow of several endpoints it shows in"
        f" the first one and in the session, as later steps wait for earlier ones. Judge {sessions} too."
    )
