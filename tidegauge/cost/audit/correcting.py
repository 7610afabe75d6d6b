"""Corrects a line of an estimate: by the run, the architecture, the scenario, or its own quantity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedCost, FixedItem
from tidegauge.cost.audit.corrected import Corrected, differences, same
from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.listed import TASK_HOUR
from tidegauge.cost.audit.matching import Matched
from tidegauge.cost.audit.month_items import add, held_item, item_of, units_a_month, use_item
from tidegauge.cost.audit.reading import Reading
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.audit.task_hours import correct_tasks
from tidegauge.cost.prices import Attributes, PriceBook, label
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.words import count, things
from tidegauge.dollars import usd
from tidegauge.errors import TidegaugeError


def correct(reading: Reading, matched: Matched, book: PriceBook) -> Corrected:
    """The usage of the line: as the run measured it, as the architecture holds it, as the scenario says."""
    line = reading.line
    if reading.unlisted is not None:
        return _own(reading, reading.unlisted)
    if line.unit is None:
        return _lump(reading, matched, book)
    if line.unit == TASK_HOUR and (reading.quantity is not None or matched.held or matched.measured):
        return correct_tasks(reading, matched, book)
    if matched.measured:
        total = add(item.quantity for item in matched.measured)
        return Corrected(
            basis="run",
            items=matched.measured,
            findings=differences(reading, total, "the run, scaled, makes"),
        )
    if matched.held:
        return _held(reading, matched.held, book)
    known = [use for use in matched.uses if use.quantity is not None]
    if known:
        total = add(use.quantity for use in known if use.quantity is not None)
        how = f"the scenario makes ({'; '.join(use.how for use in known)})"
        items = tuple(use_item(use) for use in known)
        return Corrected(basis="scenario", items=items, findings=differences(reading, total, how))
    if reading.quantity is not None:
        if line.source is not None and not _agreeing(line, book):
            return _own(reading, book.why_unknown(line.service, line.unit, dict(line.attributes))[0])
        own = item_of(line.service, line.unit, _legal_attributes(line, book), reading.quantity, line.flow)
        return Corrected(basis="estimate", items=(own,))
    return Corrected(basis="kept", kept=reading.amount, findings=(_no_quantity(reading, [line.unit], book),))


def _own(reading: Reading, lacks: str) -> Corrected:
    """A line of what the book lacks: it counts as it is written."""
    source = reading.line.source
    by = f"by its own source, “{source:.120}”" if source else "it names no source"
    message = f"not checked, as {lacks}: {usd(reading.amount)} is counted as written, {by}"
    return Corrected(
        basis="kept", kept=reading.amount, findings=(Finding(code="not_checked", message=message),)
    )


def _held(reading: Reading, held: Sequence[FixedItem], book: PriceBook) -> Corrected:
    line = reading.line
    items = tuple(held_item(item, book) for item in held)
    total = add(item.quantity for item in items)
    findings: list[Finding] = []
    if reading.quantity is not None and not same(reading.quantity, total):
        each = units_a_month(held[0].unit, book)
        how = "; ".join(f"{item.resource}: {item.how}" for item in held if item.how)
        message = (
            f"the estimate prices {_things(reading.quantity, each, held[0].unit)}, the architecture has "
        )
        message += _things(total, each, held[0].unit) + (f" ({how})" if how else "")
        findings.append(Finding(code="quantity", message=message))
    findings += _attribute_findings(line, held)
    return Corrected(basis="architecture", items=items, findings=tuple(findings))


def unheld_findings(line: EstimateLine, matched: Matched, fixed: FixedCost | None) -> Iterator[Finding]:
    """That a line prices hours of a service of which the templates hold nothing."""
    if fixed is None or fixed.missing or matched.measured or not _is_of_hours(line):
        return
    if all(item.service != line.service for item in fixed.items):
        message = (
            f"the architecture holds nothing of {line.service} round the clock; the line is kept as it is"
        )
        yield Finding(code="not_in_architecture", message=message)


def _is_of_hours(line: EstimateLine) -> bool:
    """Whether the line's unit is one that something bills for as long as it is there."""
    unit = line.unit or ""
    return unit.endswith("_hour") or (line.service in ("ec2", "fargate") and unit.endswith("_second"))


def _things(quantity: Fraction, each: Fraction, unit: str) -> str:
    """`6 nodes` for 4,380 node-hours a month."""
    stem = unit.rpartition("_")[0].replace("_", " ")
    return things(quantity / each, stem)


def _attribute_findings(line: EstimateLine, held: Sequence[FixedItem]) -> Iterator[Finding]:
    for key, value in line.attributes:
        others = sorted({dict(item.attributes).get(key, value) for item in held} - {value})
        if others:
            message = f"the estimate's {key} is {value}, the architecture's {', '.join(others)}"
            yield Finding(code="attributes", message=message)


def _lump(reading: Reading, matched: Matched, book: PriceBook) -> Corrected:
    """A line of several units: what is known of them, and the rest of its amount kept as it is."""
    line = reading.line
    held = tuple(held_item(item, book) for item in matched.held)
    if matched.measured:
        message = "the line has no quantity; it is replaced by what the run measured, scaled to the scenario"
        return Corrected(
            basis="run",
            items=(*matched.measured, *held),
            findings=(Finding(code="no_quantity", message=message),),
        )
    known = tuple(use_item(use) for use in matched.uses if use.quantity is not None)
    units = list(line.covers) or sorted({use.unit for use in matched.uses})
    if known and all(use.quantity is not None for use in matched.uses):
        message = "the line has no quantity; it is replaced by what the scenario makes"
        return Corrected(
            basis="scenario", items=(*known, *held), findings=(Finding(code="no_quantity", message=message),)
        )
    sure = add(_list_cost(item, book) for item in (*known, *held))
    return Corrected(
        basis="kept",
        items=(*known, *held),
        kept=max(reading.amount - sure, Fraction(0)),
        findings=(_no_quantity(reading, units, book, sure),),
    )


def _no_quantity(
    reading: Reading, units: Sequence[str], book: PriceBook, sure: Fraction = Fraction(0)
) -> Finding:
    """What the amount would buy, so that a reader can judge it."""
    left = max(reading.amount - sure, Fraction(0))
    bought = []
    for unit in units:
        price = next(
            (
                each
                for each in book.prices.values()
                if (each.service, each.unit) == (reading.line.service, unit)
            ),
            None,
        )
        if price is not None and price.tiers[0].list_price:
            listed = left / Fraction(price.tiers[0].list_price)
            bought.append(f"{count(listed, 4)} x {price.list_unit} of {unit}")
    message = f"{usd(left)} stands without a quantity and is kept, as nothing confirms or refutes it"
    return Finding(
        code="no_quantity", message=f"{message}; it buys {', or '.join(bought)}" if bought else message
    )


def _list_cost(item: UsageItem, book: PriceBook) -> Fraction:
    price = book.find(item.service, item.unit, dict(item.attributes))
    return Fraction(0) if price is None else price.unit_price(price.tiers[0]) * Fraction(item.quantity)


def _legal_attributes(line: EstimateLine, book: PriceBook) -> Attributes:
    """The line's attributes, or the only ones that its unit has in the book."""
    assert line.unit is not None
    if book.find(line.service, line.unit, dict(line.attributes)) is not None:
        return line.attributes
    alike = _agreeing(line, book)
    if len(alike) == 1:
        return alike[0]
    reason, hint = book.why_unknown(line.service, line.unit, dict(line.attributes))
    known = "; ".join(label("", "", each).strip() for each in alike[:4])
    raise TidegaugeError(f"{line.where / 'attributes'}: {reason}", f"one of {known}" if known else hint)


def _agreeing(line: EstimateLine, book: PriceBook) -> list[Attributes]:
    """Attributes of the unit's prices that the line's do not contradict."""
    own = None if line.unit is None else book.find(line.service, line.unit, dict(line.attributes))
    return [
        price.attributes
        for price in book.prices.values()
        if (price.service, price.unit) == (line.service, line.unit)
        and (price is own or set(line.attributes) <= set(price.attributes))
    ]
