"""Work that usage counts by its seconds while the architecture holds the tasks for it around the clock.

A worker's busy seconds are in the marginal cost, its desired tasks in the fixed hours. As far as the busy
seconds fit into the held ones, the loaded cost counts them once: as fixed hours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedCost, FixedItem
from tidegauge.cost.lines import PricedLine

UNITS = ("vcpu_second", "gb_second")
# Services are told apart by their names in the templates, as nothing else says what a task does.
WORKER = re.compile(r"worker|transcod|encod|consumer|processor|job|queue", re.IGNORECASE)
FRONT = re.compile(r"api|web|front|gateway|proxy|server", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWork:
    """Task seconds of a window that usage counts, beside those that the architecture holds for them."""

    usd: Fraction  # of the counted ones
    held_ratio: Fraction  # held seconds over counted ones; above 1 all of them fit
    services: tuple[str, ...]  # the ECS services that hold them

    @property
    def usd_held(self) -> Fraction:
        """USD of the counted seconds that fixed hours pay for."""
        return self.usd * min(self.held_ratio, Fraction(1))


NO_WORK = HeldWork(usd=Fraction(0), held_ratio=Fraction(0), services=())


def held_work(lines: Sequence[PricedLine], architecture: FixedCost | None, window_s: float) -> HeldWork:
    """The seconds of Fargate tasks among `lines`, and what the worker services hold in the window."""
    work = [line for line in lines if line.item.service == "fargate" and line.item.unit in UNITS]
    services = worker_items(architecture.items if architecture else ())
    if not work or not services:
        return NO_WORK
    window = Fraction(Decimal(str(window_s)))
    ratios = []
    for unit in UNITS:
        counted = sum((Fraction(line.quantity) for line in work if line.item.unit == unit), Fraction(0))
        held = sum((item.quantity for item in services if item.unit == unit), Fraction(0))
        ratios += [held * window / counted] if counted else []
    return HeldWork(
        usd=sum((line.amount_exact for line in work), Fraction(0)),
        held_ratio=min(ratios, default=Fraction(0)),
        services=tuple(dict.fromkeys(item.resource for item in services)),
    )


def worker_items(items: Sequence[FixedItem]) -> list[FixedItem]:
    """Tasks of services named as workers; else those of the only service that is not named as a front."""
    tasks = [item for item in items if item.service == "fargate" and item.unit in UNITS]
    named = [item for item in tasks if WORKER.search(item.resource)]
    behind = [item for item in tasks if not FRONT.search(item.resource)]
    if not named and len({item.resource for item in behind}) == 1:
        return behind
    return named
