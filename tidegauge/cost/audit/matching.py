"""Which line of an estimate speaks of which part of an architecture and of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedCost, FixedItem
from tidegauge.cost.architecture.usage import Use
from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.listed import TASK_HOUR
from tidegauge.cost.prices import Attributes
from tidegauge.cost.usage import Usage, UsageItem

APART = "storage_class"
TASK_UNITS = ("vcpu_second", "gb_second")  # fargate's: a task-hour is made of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an estimate is held against; a part that there is not is None or empty."""

    fixed: FixedCost | None = None
    uses: Sequence[Use] = ()
    measured: Usage | None = None  # a run's usage at the scenario's scale, as a month


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The evidence that one line speaks of."""

    held: tuple[FixedItem, ...] = ()
    uses: tuple[Use, ...] = ()
    measured: tuple[UsageItem, ...] = ()


def match(lines: Sequence[EstimateLine], evidence: Evidence) -> tuple[dict[str, Matched], Matched]:
    """({line id: its evidence}, the evidence that no line speaks of)."""
    held: dict[str | None, list[FixedItem]] = {}
    for item in evidence.fixed.items if evidence.fixed else ():
        held.setdefault(_owner_of_held(lines, item), []).append(item)
    uses: dict[str | None, list[Use]] = {}
    for use in evidence.uses:
        uses.setdefault(_owner(lines, use.service, use.unit, use.attributes), []).append(use)
    measured: dict[str | None, list[UsageItem]] = {}
    for used in evidence.measured.items if evidence.measured else ():
        measured.setdefault(_owner_of_measured(lines, used), []).append(used)
    found = {
        owner: Matched(
            held=tuple(held.get(owner, ())),
            uses=tuple(uses.get(owner, ())),
            measured=tuple(measured.get(owner, ())),
        )
        for owner in [None, *(line.id for line in lines)]
    }
    nobody = found.pop(None)
    return {owner: matched for owner, matched in found.items() if owner is not None}, nobody


def covers(line: EstimateLine, service: str, unit: str) -> bool:
    """Whether `line` speaks of that unit."""
    if line.service != service:
        return False
    if line.unit == TASK_HOUR:
        return unit in TASK_UNITS
    return line.unit == unit if line.unit is not None else not line.covers or unit in line.covers


def task_size(items: Sequence[FixedItem]) -> tuple[Fraction, Fraction]:
    """(vCPU, GB of memory) of one task of the service that holds `items`."""
    per_task = {item.unit: item.quantity / item.tasks for item in items if item.tasks}
    return per_task.get("vcpu_second", Fraction(0)), per_task.get("gb_second", Fraction(0))


def _owner_of_held(lines: Sequence[EstimateLine], item: FixedItem) -> str | None:
    names = {item.resource, item.resource.rpartition("/")[2]}  # with and without its nested stack
    naming = [line for line in lines if names & {*line.resources}]
    candidates = naming or [line for line in lines if not line.resources]
    if item.tasks is not None and item.unit in TASK_UNITS:
        size = {item.unit: item.quantity / item.tasks if item.tasks else None}
        candidates = [line for line in candidates if naming or _fits(line, size)]
    return _owner(candidates, item.service, item.unit, item.attributes)


def _fits(line: EstimateLine, size: dict[str, Fraction | None]) -> bool:
    """Whether a line of task-hours is of tasks of that size."""
    written = dict(line.attributes)
    names = {"vcpu_second": "vcpu", "gb_second": "memory_gb"}
    return line.unit != TASK_HOUR or all(
        names[unit] not in written or Fraction(written[names[unit]]) == each for unit, each in size.items()
    )


def _owner_of_measured(lines: Sequence[EstimateLine], item: UsageItem) -> str | None:
    """Task seconds belong to a line of task-hours only where that names the flow that causes them."""
    candidates = [line for line in lines if line.unit != TASK_HOUR or (item.flow and line.flow == item.flow)]
    return _owner(candidates, item.service, item.unit, item.attributes)


def _is_apart(line: EstimateLine, known: dict[str, str]) -> bool:
    """Whether a line is of another storage class: such units never stand for one another."""
    written = dict(line.attributes).get(APART)
    return written is not None and known.get(APART, written) != written


def _owner(lines: Sequence[EstimateLine], service: str, unit: str, attributes: Attributes) -> str | None:
    """The first line of that unit; one whose attributes agree goes first."""
    known = dict(attributes)
    able = [line for line in lines if covers(line, service, unit) and not _is_apart(line, known)]
    agreeing = (
        line for line in able if all(known.get(key, value) == value for key, value in line.attributes)
    )
    line = next(agreeing, None) or next(iter(able), None)
    return None if line is None else line.id
