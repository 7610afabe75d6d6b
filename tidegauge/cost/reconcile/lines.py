"""Each charge of a bill and each expectation in exactly one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tidegauge.cost.audit.month_items import add
from tidegauge.cost.lines import FREE_TIER as FREE_LINES
from tidegauge.cost.lines import price_usage
from tidegauge.cost.money import to_decimal
from tidegauge.cost.offered import Key
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.reconcile.billed import USAGE, MappedRows
from tidegauge.cost.reconcile.causes import NOT_BILLED, QUANTITY, UNMAPPED, WORDS, Part, kept
from tidegauge.cost.reconcile.differences import Position, parts_of
from tidegauge.cost.reconcile.expected import Expected, ExpectedSum, key_of
from tidegauge.cost.usage import UsageItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One price, one lump of an estimate, or charges that no price is of."""

    service: str
    unit: str | None
    attributes: tuple[tuple[str, str], ...]
    billed: Fraction  # USD
    expected: Fraction  # USD
    billed_quantity: Fraction | None
    expected_quantity: Fraction | None
    parts: tuple[Part, ...]
    rows: tuple[MappedRows, ...]

    @property
    def difference(self) -> Fraction:
        """USD, billed less expected: the sum of its parts."""
        return self.billed - self.expected


def make_lines(mapped: Sequence[MappedRows], expected: Expected, book: PriceBook) -> list[Line]:
    """A line a price, a line a lump of an estimate, then the charges that no price is of."""
    by_key: dict[Key, list[MappedRows]] = {each.key: [] for each in expected.units}
    for each in mapped:
        if each.key is not None:
            by_key.setdefault(each.key, []).append(each)
    wanted = {each.key: each for each in expected.units}
    free = _free_units(by_key, expected, book)
    lines, lumps = list[Line](), {each.id: (each, list[MappedRows]()) for each in expected.sums}
    for key, rows in sorted(by_key.items()):
        lump = None if key in wanted else _lump_of(key, expected.sums)
        if lump is not None:
            lumps[lump.id][1].extend(rows)
            continue
        position = Position(
            price=book.prices[key],
            expected=wanted.get(key),
            rows=tuple(rows),
            free=free.get(key, Fraction(0)),
            is_marginal=expected.is_marginal,
            is_unknown=key[:2] in expected.unknown,
        )
        lines.append(_priced_line(position))
    lines += [_lump_line(lump, rows) for lump, rows in lumps.values()]
    return [*lines, *_other_lines([each for each in mapped if each.key is None])]


def _priced_line(position: Position) -> Line:
    price, expected = position.price, position.expected
    return Line(
        service=price.service,
        unit=price.unit,
        attributes=price.attributes,
        billed=position.billed,
        expected=expected.amount if expected else Fraction(0),
        billed_quantity=position.quantity if position.counted else None,
        expected_quantity=expected.quantity if expected else None,
        parts=parts_of(position),
        rows=position.rows,
    )


def _free_units(
    by_key: Mapping[Key, Sequence[MappedRows]], expected: Expected, book: PriceBook
) -> dict[Key, Fraction]:
    """Units of each billed quantity that the book gives away in a month; none where a run is priced."""
    if expected.is_marginal:
        return {}
    items = [
        UsageItem(
            flow=None,
            service=key[0],
            unit=key[1],
            attributes=key[2],
            quantity=to_decimal(add(each.quantity for each in rows if each.rows.counts)),
            provenance="metered",
        )
        for key, rows in by_key.items()
    ]
    priced = price_usage(replace(expected.usage, items=tuple(items)), book, marginal=False, free_tier=True)
    free: dict[Key, Fraction] = {}
    for line in priced.lines:
        if line.tier == FREE_LINES:
            key = key_of(line.item, book)
            free[key] = free.get(key, Fraction(0)) + Fraction(line.quantity)
    return free


def _lump_of(key: Key, sums: Sequence[ExpectedSum]) -> ExpectedSum | None:
    """The amount of an estimate that covers this price: the one that names its unit, else its service's."""
    of_service = [each for each in sums if each.service == key[0]]
    naming = [each for each in of_service if key[1] in each.units]
    return next(iter(naming or [each for each in of_service if not each.units]), None)


def _lump_line(lump: ExpectedSum, rows: Sequence[MappedRows]) -> Line:
    usage = add(each.rows.amount for each in rows if each.rows.counts)
    charges: dict[str, Fraction] = {}
    for each in rows:
        if not each.rows.counts:
            charges[each.rows.kind] = charges.get(each.rows.kind, Fraction(0)) + each.rows.amount
    cause = QUANTITY if any(each.rows.counts for each in rows) else NOT_BILLED
    message = f"line '{lump.id}' of the estimate is an amount without a quantity"
    return Line(
        service=lump.service,
        unit=", ".join(lump.units) or None,
        attributes=(),
        billed=add(each.rows.amount for each in rows),
        expected=lump.amount,
        billed_quantity=None,
        expected_quantity=None,
        parts=kept(
            [
                Part(cause=cause, amount=usage - lump.amount, message=message),
                *(
                    Part(cause=kind, amount=amount, message=WORDS.get(kind, kind))
                    for kind, amount in charges.items()
                ),
            ]
        ),
        rows=tuple(rows),
    )


def _other_lines(rows: Sequence[MappedRows]) -> list[Line]:
    """Charges without a price of the book: one line a service and kind, of usage one a usage type."""
    sums: dict[tuple[str, str, str], list[MappedRows]] = {}
    for each in rows:
        is_usage = each.rows.kind == USAGE
        cause = UNMAPPED if is_usage or each.rows.counts else each.rows.kind
        sums.setdefault((each.rows.product, cause, each.rows.usage_type if is_usage else ""), []).append(each)
    return [_other_line(product, cause, found) for (product, cause, _name), found in sorted(sums.items())]


def _other_line(product: str, cause: str, rows: Sequence[MappedRows]) -> Line:
    billed = add(each.rows.amount for each in rows)
    why = rows[0].why if cause == UNMAPPED else ""
    return Line(
        service=product,
        unit=None,
        attributes=(),
        billed=billed,
        expected=Fraction(0),
        billed_quantity=None,
        expected_quantity=None,
        parts=kept([Part(cause=cause, amount=billed, message=why or WORDS.get(cause, cause))]),
        rows=tuple(rows),
    )
