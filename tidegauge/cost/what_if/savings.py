"""What-ifs of commitments: Savings Plans, reserved cache nodes and reserved capacity."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from tidegauge.cost.lines import FREE_TIER
from tidegauge.cost.prices import Attributes
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.commitments import Commitments, Rate
from tidegauge.cost.what_if.compute import TASK_UNITS
from tidegauge.cost.what_if.month import Month
from tidegauge.cost.what_if.traffic import Shares, beyond_commitment, with_commitment
from tidegauge.cost.words import count, things
from tidegauge.dollars import usd

BLOCK = 100  # DynamoDB reserves capacity in blocks of so many units
CAPACITY = {"read_capacity_unit_hour": "read unit", "write_capacity_unit_hour": "write unit"}
PLANNED = ("fargate", "lambda")
DRIVERS = (("fargate", "vcpu_second"), ("fargate", "gb_second"), ("lambda", "gb_second"))
PLAN_ASSUMPTIONS = (
    "use is even over the hours: what an hour leaves of a commitment is lost",
    "Spot, ephemeral storage and Lambda's requests stay as they are",
)
YEARS = {1: "one year", 3: "three years"}


def savings_plans(month: Month, terms: Commitments) -> Iterator[Change]:
    """Compute Savings Plans of the size that Fargate on demand and Lambda's duration take now."""
    used_by = {driver: sum(_driven(month, driver), Fraction(0)) for driver in DRIVERS}
    driver = next((each for each, quantity in used_by.items() if quantity), None)
    if driver is None:
        return
    hours = Fraction(month.book.hours_per_month)
    for years in YEARS:
        name = f"savings_plan_{years}yr"
        rates = {service: _plan_rate(month, terms, name, service) for service in PLANNED}
        spent = {service: _spent(month, service) for service in PLANNED}
        paid = sum((spent[service] * rates[service][0] for service in PLANNED), Fraction(0))
        used = [service for service in PLANNED if spent[service]]
        title = f"A Compute Savings Plan of {YEARS[years]}"
        if not used:
            none = "free units cover all that it would pay for"
            yield Change(id=name, title=title, items=None, message=none, no_break_even=none)
            continue
        off = ", ".join(f"{float(1 - rates[service][0]):.0%} off {service}" for service in used)
        yield Change(
            id=name,
            title=title,
            items=beyond_commitment(month, _plan_share, Fraction(1)),
            extra=paid,
            message=f"{usd(paid / hours)} an hour for all of today's use: {off}",
            confidence=min((rates[service][1] for service in used), key="LMH".index),
            assumptions=(*(rates[service][2] for service in used), *PLAN_ASSUMPTIONS),
            traffic=with_commitment(month, _plan_share, paid, " ".join(driver), used_by[driver]),
        )


def reserved_nodes(month: Month, terms: Commitments) -> Iterator[Change]:
    """Cache nodes that run the whole month, reserved."""
    hours = Fraction(month.book.hours_per_month)
    used: dict[Attributes, Fraction] = {}
    for item in month.usage.items:
        if _is_node(item):
            used[item.attributes] = used.get(item.attributes, Fraction(0)) + Fraction(item.quantity)
    if not any(used.values()):
        return
    held = {kind: Fraction(quantity // hours) for kind, quantity in used.items()}
    shares = {kind: held[kind] * hours / quantity for kind, quantity in used.items() if quantity}
    nodes = sum(held.values(), Fraction(0))
    yield _reserved(
        month,
        terms.rate("reserved_nodes_1yr", "elasticache"),
        title="Cache nodes reserved for one year",
        what=f"{things(nodes, 'node')}, no upfront" if nodes else "",
        shares=lambda item: shares.get(item.attributes) if _is_node(item) else None,
        unit="elasticache node_hour",
        none="no node runs the whole month",
    )


def reserved_capacity(month: Month, terms: Commitments) -> Iterator[Change]:
    """DynamoDB's provisioned capacity reserved, in blocks."""
    hours = Fraction(month.book.hours_per_month)
    used = {unit: month.quantity("dynamodb", unit) for unit in CAPACITY if month.quantity("dynamodb", unit)}
    if not used:
        return
    blocks = {unit: Fraction(quantity // (hours * BLOCK)) for unit, quantity in used.items()}
    shares = {unit: blocks[unit] * BLOCK * hours / used[unit] for unit in used}
    what = " and ".join(f"{count(blocks[unit] * BLOCK)} {CAPACITY[unit]}s" for unit in used if blocks[unit])
    for years in YEARS:
        yield _reserved(
            month,
            terms.rate(f"reserved_capacity_{years}yr", "dynamodb"),
            title=f"DynamoDB capacity reserved for {YEARS[years]}",
            what=f"{what}, partly upfront" if what else "",
            shares=lambda item: shares.get(item.unit) if item.service == "dynamodb" else None,
            unit=f"dynamodb {next(iter(used))}",
            none=f"capacity is reserved in blocks of {BLOCK} units, which the tables do not hold",
        )


def _reserved(
    month: Month, rate: Rate, *, title: str, what: str, shares: Shares, unit: str, none: str
) -> Change:
    """A reservation of these shares of the month's items; none where `what` says nothing is reserved."""
    if not what:
        return Change(id=rate.id, title=title, items=None, message=none, no_break_even=none)
    reserved = sum((_list_cost(month, item) * (shares(item) or 0) for item in month.usage.items), Fraction(0))
    paid = reserved * Fraction(rate.factor)
    service, name = unit.split()
    return Change(
        id=rate.id,
        title=title,
        items=beyond_commitment(month, shares, Fraction(1)),
        extra=paid,
        message=f"{what}: {usd(paid)} a month, used or not, instead of {usd(reserved)}",
        confidence=rate.confidence,
        assumptions=(basis(rate),),
        traffic=with_commitment(month, shares, paid, unit, month.quantity(service, name)),
    )


def basis(rate: Rate) -> str:
    """Where a commitment's rate is from."""
    return f"{float(1 - Fraction(rate.factor)):.1%} off {rate.service}: {rate.source} ({rate.date})"


def _plan_rate(
    month: Month, terms: Commitments, name: str, service: str
) -> tuple[Fraction, Literal["H", "M", "L"], str]:
    """(share of the on-demand price that is paid, how sure that is, where it is from)."""
    rate = terms.rate(name, service)
    noted = month.notes.get("savings_plan_discount")
    if noted is not None and service == "fargate" and rate.years == 1:
        return 1 - noted, "H", f"{float(noted):.1%} off fargate: savings_plan_discount"
    return Fraction(rate.factor), rate.confidence, basis(rate)


def _spent(month: Month, service: str) -> Fraction:
    """USD on demand of what a Savings Plan covers, after free units."""
    return sum(
        (
            line.amount_exact
            for line in month.lines(month.usage.items)
            if line.item.service == service and _is_planned(line.item) and line.tier != FREE_TIER
        ),
        Fraction(0),
    )


def _plan_share(item: UsageItem) -> Fraction | None:
    return Fraction(1) if _is_planned(item) else None


def _is_planned(item: UsageItem) -> bool:
    is_task = item.service == "fargate" and item.unit in TASK_UNITS
    on_demand = dict(item.attributes).get("capacity") == "on_demand"
    return (is_task and on_demand) or (item.service, item.unit) == ("lambda", "gb_second")


def _driven(month: Month, driver: tuple[str, str]) -> Iterator[Fraction]:
    return (
        Fraction(item.quantity)
        for item in month.usage.items
        if _is_planned(item) and (item.service, item.unit) == driver
    )


def _is_node(item: UsageItem) -> bool:
    return (item.service, item.unit) == ("elasticache", "node_hour")


def _list_cost(month: Month, item: UsageItem) -> Fraction:
    price = month.list_price(item.service, item.unit, item.attributes)
    return Fraction(item.quantity) * (price or 0)
