"""Which price of the book a row of a bill is at: by usage types, as offer_map.toml has them for offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tidegauge.collect.bills.values import squashed
from tidegauge.collect.prices.offer_map import OfferMap, Wanted, find_billed, measure_of
from tidegauge.cost.offered import Key
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.reconcile.billed import TAX, BilledRows, MappedRows

TRANSFER = "AWSDataTransfer"  # an offer of its own, billed with the service whose bytes they are
CDN = "AmazonCloudFront"  # whose bytes are its own


def map_rows(
    groups: Iterable[BilledRows], book: PriceBook, offer_map: OfferMap, expected: Iterable[Key]
) -> tuple[MappedRows, ...]:
    """Each sum of rows with its price's key; one that several prices fit goes to the only one `expected`."""
    by_type: dict[str, list[Wanted]] = {}
    for wanted in find_billed(offer_map, book.prices, book.region):
        for name in wanted.usage_types:
            by_type.setdefault(name, []).append(wanted)
    likely = frozenset(expected)
    return tuple(_mapped(rows, by_type, offer_map.measures, likely, book.region) for rows in groups)


def _mapped(
    rows: BilledRows,
    by_type: Mapping[str, Sequence[Wanted]],
    measures: Mapping[str, Sequence[str]],
    likely: frozenset[Key],
    region: str,
) -> MappedRows:
    if not rows.usage_type:
        return MappedRows(rows=rows, key=None, why="" if rows.kind == TAX else "the row names no usage type")
    named = by_type.get(rows.usage_type, ())
    of_service = [each for each in named if _is_of(each, rows)]
    if not of_service and not rows.service and " " in rows.product:
        of_service = list(
            named
        )  # a name for people, such as Amazon Simple Queue Service: the type alone tells
    fitting = [each for each in of_service if _fits(each, rows)]
    known = _narrowed(fitting, rows, likely)
    if len(known) != 1:
        why = (
            f"several prices of the book fit it: {', '.join(' '.join(each.key[:2]) for each in known):.120}"
            if known
            else f"the price book of {region} has no {rows.service or rows.product} {rows.usage_type:.80}"
        )
        return MappedRows(rows=rows, key=None, why=why)
    (found,) = known
    measure = measure_of(rows.unit, measures)
    if rows.counts and rows.unit and measure != found.rule.measure:
        why = (
            f"its unit is '{rows.unit:.40}', where the price list has {found.rule.measure.replace('_', '-')}s"
        )
        return MappedRows(rows=rows, key=None, why=why)
    return MappedRows(rows=rows, key=found.key, holds=found.rule.holds)


def _is_of(wanted: Wanted, rows: BilledRows) -> bool:
    """Whether the row is of the service that the price is in the offer of."""
    codes = {squashed(rows.service), squashed(rows.product)}
    if wanted.rule.offer == TRANSFER:
        return squashed(CDN) not in codes
    return squashed(wanted.rule.offer) in codes


def _fits(wanted: Wanted, rows: BilledRows) -> bool:
    """Whether nothing that the row says of the product is against the price."""
    said = {squashed(name): value.lower() for name, value in rows.details.items()} | {
        "operation": rows.operation.lower()
    }
    return all(
        not said.get(squashed(column)) or said[squashed(column)] == value
        for column, value in wanted.where.items()
    )


def _narrowed(fitting: Sequence[Wanted], rows: BilledRows, likely: frozenset[Key]) -> Sequence[Wanted]:
    """Of several prices the one that the row's words speak of, else the one that is expected."""
    if len(fitting) < 2:
        return fitting
    words = set(rows.description.lower().replace("(", " ").replace(")", " ").split())
    spoken = [each for each in fitting if any(value in words for value in each.where.values())]
    if len(spoken) == 1:
        return spoken
    hoped = [each for each in fitting if each.key in likely]
    return hoped if len(hoped) == 1 else fitting
