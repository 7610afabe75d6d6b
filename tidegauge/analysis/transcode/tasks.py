"""The documents of many tasks as one: a figure of a task size is the median over its tasks.

A task's processor cannot be chosen, and differs by up to 30 %: tasks, not the rounds within one, are the
independent observations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tidegauge.errors import TidegaugeError

Document = Mapping[str, Any]
HOW = (
    "on ECS, a cell's rounds are the medians of its tasks, each on the processor that it was given; the cell "
    "is that of the task in the middle, and its memory the most of all tasks"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """One task of a profile: its document, or why there is none."""

    profile: str
    task: str
    document: Document | None
    failure: str | None
    cold_start_s: float | None = None
    billed_s: float | None = None


def join_tasks(outcomes: Sequence[TaskOutcome], media: Sequence[str], renditions: Sequence[str]) -> Document:
    """One bench document; a profile without any document becomes skipped cells that say why.

    TidegaugeError where no task brought a document, or tasks ran different ffmpeg builds.
    """
    documents = [each.document for each in outcomes if each.document is not None]
    if not documents:
        raise TidegaugeError(f"no task was measured: {_failures(outcomes)}", "nothing was measured")
    builds = {str(each.get("ffmpeg", {}).get("sha256")) for each in documents}
    if len(builds) > 1:
        raise TidegaugeError(
            f"the tasks ran {len(builds)} different ffmpeg builds, whose figures cannot be compared",
            "name the image by its digest, and measure x86 and ARM in benches of their own",
        )
    empty = dict.fromkeys(key for cell in documents[0]["cells"] for key in cell)
    cells: list[dict[str, Any]] = []
    for profile in dict.fromkeys(each.profile for each in outcomes):
        of_profile = [each for each in outcomes if each.profile == profile]
        cells += [_cell(of_profile, medium, name, empty) for medium in media for name in renditions]
    return {
        **documents[0],
        "cells": cells,
        "curves": _curves(outcomes),
        "profiles": list({row["name"]: row for each in documents for row in each["profiles"]}.values()),
        "assumptions": [*documents[0]["assumptions"], HOW],
        "machine": _machine([each["machine"] for each in documents]),
        "interrupted": any(each.get("interrupted") for each in documents),
        "tasks": [_task(each) for each in outcomes],
    }


def _cell(
    outcomes: Sequence[TaskOutcome], medium: str, rendition: str, empty: Mapping[str, None]
) -> dict[str, Any]:
    named = {"media": medium, "rendition": rendition, "profile": outcomes[0].profile}
    found = [
        (cell, each.document["machine"].get("cpu_model"))
        for each in outcomes
        if each.document is not None
        for cell in each.document["cells"]
        if all(cell[key] == value for key, value in named.items())
    ]
    measured = sorted(
        (row for row in found if row[0]["wall_s"] is not None), key=lambda row: row[0]["wall_s"]
    )
    if not measured:
        reasons = dict.fromkeys(cell["reason"] for cell, _ in found if cell["reason"])
        why = "; ".join(reasons) or _failures(outcomes) or "no task measured it"
        first = found[0][0] if found else {}
        return {**empty, **first, **named, "provenance": "skipped", "reason": why, "unstable": False}
    cells = [cell for cell, _ in measured]
    walls = [cell["wall_s"] for cell in cells]
    cpus = [cell["cpu_s"] for cell in cells]
    return {
        **cells[len(cells) // 2],  # the upper median: a task that really ran, with its cost
        "wall_s_low": walls[0],
        "wall_s_high": walls[-1],
        "wall_s_confidence": 1 - 2 * 0.5 ** len(walls),  # as for rounds: one side or the other of the median
        "wall_s_rounds": walls,
        "cpu_s": median(cpus),
        "cpu_s_rounds": cpus,
        "rss_peak_mb": max(cell["rss_peak_mb"] for cell in cells),
        "unstable": any(cell["unstable"] for cell in cells),
        "rounds": len(cells),
        "rounds_per_task": cells[0]["rounds"],
        "processors": [model for _, model in measured],
    }


def _curves(outcomes: Sequence[TaskOutcome]) -> list[Any]:
    """Of each profile those of its first task: the points of a curve must share a processor."""
    first: dict[str, Any] = {}
    for each in outcomes:
        if each.document is not None and each.document.get("curves"):
            first.setdefault(each.profile, each.document["curves"])
    return [curve for curves in first.values() for curve in curves]


def _machine(machines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all have in common as it is; where they differ, every value as text."""
    joined: dict[str, Any] = {}
    for key in machines[0]:
        values = [machine.get(key) for machine in machines]
        alike = all(value == values[0] for value in values)
        joined[key] = values[0] if alike else "; ".join(sorted({str(value) for value in values}))
    return joined


def _task(outcome: TaskOutcome) -> dict[str, Any]:
    machine = outcome.document["machine"] if outcome.document else {}
    return {
        "profile": outcome.profile,
        "task": outcome.task,
        "cpu_model": machine.get("cpu_model"),
        "cold_start_s": outcome.cold_start_s,
        "billed_s": outcome.billed_s,
        "reason": outcome.failure,
    }


def _failures(outcomes: Sequence[TaskOutcome]) -> str:
    return "; ".join(dict.fromkeys(each.failure for each in outcomes if each.failure))
