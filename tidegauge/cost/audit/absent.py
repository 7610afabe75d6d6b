"""What an architecture or a run is billed for, and an estimate has no line of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedItem
from tidegauge.cost.architecture.usage import Use
from tidegauge.cost.audit.corrected import Corrected
from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.matching import Matched
from tidegauge.cost.audit.month_items import SECONDS_PER_HOUR, add, held_item, item_of, use_item
from tidegauge.cost.held_work import UNITS, worker_items
from tidegauge.cost.lines import PricedLine
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import UsageItem


@dataclass(slots=True, kw_only=True)
class Position:
    """One service's part that no line has."""

    service: str
    resources: dict[str, str] = field(default_factory=dict)  # name -> type, in order
    items: list[UsageItem] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)  # names that the scenario lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A position with its price; an amount of None is not known."""

    position: Position
    priced: tuple[PricedLine, ...]
    amount: Fraction | None


def absent_positions(
    nobody: Matched,
    lines: Sequence[EstimateLine],
    corrected: Sequence[Corrected],
    matched: Mapping[str, Matched],
    book: PriceBook,
) -> list[Position]:
    """One position a service for what has a quantity, then one a service for what has none."""
    known: dict[str, Position] = {}
    unknown: dict[str, Position] = {}
    hours = _task_hours(lines, corrected, matched)
    for item in nobody.held:
        position = _position(known, item.service)
        position.resources[item.resource] = item.resource_type
        position.items.append(_held(item, hours, book))
        position.why += [f"{item.resource}: {item.how}"] if item.how else []
    measured = {(item.service, item.unit) for item in nobody.measured}
    for use in nobody.uses:
        if (use.service, use.unit) in measured:
            continue  # a measurement goes before an assumption
        is_priced = use.quantity is not None and has_price(use, book)
        position = _position(known if is_priced else unknown, use.service)
        position.resources[use.resource.name] = use.resource.type
        position.why.append(use.how)
        position.needs += use.needs
        position.items += [use_item(use)] if is_priced else []
    everything = [*nobody.held, *(item for each in matched.values() for item in each.held)]
    left = _not_held(nobody.measured, [(item, _held(item, hours, book)) for item in everything])
    for used in nobody.measured:
        share = left if _is_work(used) else Fraction(1)
        if not share:
            continue  # the tasks that did it are held around the clock already
        position = _position(known, used.service)
        position.items.append(replace(used, quantity=to_decimal(Fraction(used.quantity) * share)))
        less = "" if share == 1 else ", less what their services hold"
        position.why.append(f"{used.unit}: measured by the run, scaled to the scenario{less}")
    return [*known.values(), *unknown.values()]


def _not_held(measured: Sequence[UsageItem], held: Sequence[tuple[FixedItem, UsageItem]]) -> Fraction:
    """The share of measured task seconds that do not fit into those that worker services hold in a month."""
    workers = {id(item) for item in worker_items([item for item, _ in held])}
    ratios = []
    for unit in UNITS:
        counted = add(item.quantity for item in measured if _is_work(item) and item.unit == unit)
        hold = add(month.quantity for item, month in held if id(item) in workers and item.unit == unit)
        ratios += [hold / counted] if counted else []
    return max(1 - min(ratios, default=Fraction(0)), Fraction(0))


def _is_work(item: UsageItem) -> bool:
    return item.service == "fargate" and item.unit in UNITS


def has_price(use: Use, book: PriceBook) -> bool:
    """Whether the book prices the unit."""
    return book.find(use.service, use.unit, dict(use.attributes)) is not None


def _position(positions: dict[str, Position], service: str) -> Position:
    return positions.setdefault(service, Position(service=service))


def _held(item: FixedItem, hours: Mapping[str, Fraction], book: PriceBook) -> UsageItem:
    """What a task holds lasts as long as the line of its service says, where there is one."""
    if item.tasks and item.resource in hours:
        seconds = item.quantity / item.tasks * hours[item.resource] * SECONDS_PER_HOUR
        return item_of(item.service, item.unit, item.attributes, seconds)
    return held_item(item, book)


def _task_hours(
    lines: Sequence[EstimateLine], corrected: Sequence[Corrected], matched: Mapping[str, Matched]
) -> dict[str, Fraction]:
    """{ECS service: task-hours that its line was corrected to}; only where a line is of one service."""
    found = {}
    for line, each in zip(lines, corrected, strict=True):
        services = {item.resource for item in matched[line.id].held if item.tasks is not None}
        if each.task_hours is not None and len(services) == 1:
            found[services.pop()] = each.task_hours
    return found
