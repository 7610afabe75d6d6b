"""What a stack costs an hour for being there, from its CloudFormation templates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.architecture.accounts import Account, account_for
from tidegauge.cost.architecture.resources import Holding, Resource, find_resources
from tidegauge.cost.architecture.unknown import Unresolvable
from tidegauge.cost.doubts import doubt_of
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, Origin, Price, PriceBook, label, sorted_attributes

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedItem:
    """A resource's units held around the clock."""

    file: str
    resource: str
    resource_type: str
    service: str
    unit: str
    attributes: Attributes
    quantity: Fraction  # units held: nodes, vCPUs, capacity units
    how: str  # how the template comes to that quantity; empty for a plain number of it
    tasks: Fraction | None  # an ECS service's, among which the quantity is spread
    hourly_exact: Fraction  # USD an hour
    list_price: Decimal
    list_unit: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFixed:
    """A resource, or a billed property of it, whose price is not known, and why."""

    file: str
    resource: str
    resource_type: str
    property: str | None  # None: the whole resource
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeResource:
    """A resource that AWS does not bill, and why."""

    file: str
    resource: str
    resource_type: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCost:
    """The fixed cost of an architecture, at list prices without free tiers.

    Each deployed resource is in `items`, `missing`, `billed_by_use` or `free`; sums are of what is known.
    """

    items: tuple[FixedItem, ...]
    missing: tuple[MissingFixed, ...]
    billed_by_use: tuple[str, ...]  # "Resource (type)": no fixed cost, but usage
    free: tuple[FreeResource, ...]
    provisioned_tables: frozenset[str]
    assumptions: tuple[str, ...]
    hours_per_month: Decimal

    @property
    def complete(self) -> bool:
        """Whether the sums hold all; else they are the least that it costs."""
        return not self.missing

    @property
    def hourly_exact(self) -> Fraction:
        """USD an hour, of what is known."""
        return sum((item.hourly_exact for item in self.items), Fraction(0))

    @property
    def monthly(self) -> Decimal:
        """USD a month of `hours_per_month`, of what is known."""
        return to_decimal(self.hourly_exact * Fraction(self.hours_per_month))

    @property
    def no_charge(self) -> tuple[str, ...]:
        """The types that are free."""
        return tuple(sorted({each.resource_type for each in self.free}))


def price_architecture(
    templates: Mapping[str, str], book: PriceBook, *, parameters: Mapping[str, str] | None = None
) -> FixedCost:
    """The fixed cost of all `templates` ({path: text}), each deployed once, or as often as others nest it.

    `parameters` go before the templates' defaults. What only deployment knows is named as missing.
    """
    resources, notes = find_resources(templates, parameters or {}, book.region)
    return _add_up([account_for(resource) for resource in resources], notes, book)


def _add_up(accounts: Iterable[Account], notes: Collection[str], book: PriceBook) -> FixedCost:
    items: list[FixedItem] = []
    missing: list[MissingFixed] = []
    by_use, free, assumptions, tables = [], [], [*notes], set()
    for account in accounts:
        missing += [_missing(account.resource, name, reason) for name, reason in account.unpriced]
        for name, holding in account.holdings:
            try:
                items.append(_item(account.resource, holding, book))
            except Unresolvable as reason:
                missing.append(_missing(account.resource, name, str(reason)))
                continue
            assumptions += [holding.assumption] if holding.assumption else []
            assumptions += _confidence_note(items[-1])
            tables |= {holding.provisioned_table} if holding.provisioned_table else set()
        if account.is_billed_by_use:
            by_use.append(f"{account.resource.name} ({account.resource.type})")
        if account.free:
            free.append(_free(account.resource, account.free))
    return FixedCost(
        items=tuple(items),
        missing=tuple(dict.fromkeys(missing)),
        billed_by_use=tuple(by_use),
        free=tuple(free),
        provisioned_tables=frozenset(tables),
        assumptions=tuple(dict.fromkeys(assumptions)),
        hours_per_month=book.hours_per_month,
    )


def _missing(resource: Resource, name: str | None, reason: str) -> MissingFixed:
    return MissingFixed(
        file=resource.file, resource=resource.name, resource_type=resource.type, property=name, reason=reason
    )


def _free(resource: Resource, reason: str) -> FreeResource:
    return FreeResource(
        file=resource.file, resource=resource.name, resource_type=resource.type, reason=reason
    )


def _item(resource: Resource, holding: Holding, book: PriceBook) -> FixedItem:
    price = book.find(holding.service, holding.unit, holding.attributes)
    if price is None:
        reason, _hint = book.why_unknown(holding.service, holding.unit, holding.attributes)
        raise Unresolvable(reason)  # a template says what there is: no other name is meant
    return FixedItem(
        file=resource.file,
        resource=resource.name,
        resource_type=resource.type,
        service=holding.service,
        unit=holding.unit,
        attributes=sorted_attributes(holding.attributes),
        quantity=holding.quantity,
        how=holding.how,
        tasks=holding.tasks,
        hourly_exact=holding.quantity * _hourly(price, book),
        list_price=price.tiers[0].list_price,
        list_unit=price.list_unit,
        origin=price.origin,
    )


def _hourly(price: Price, book: PriceBook) -> Fraction:
    """USD an hour of holding one unit: by the end of the unit's name."""
    unit_price = price.unit_price(price.tiers[0])
    if price.unit.endswith("_hour"):
        return unit_price
    if price.unit.endswith("_second"):
        return unit_price * SECONDS_PER_HOUR
    assert price.unit.endswith("_month"), price.unit
    return unit_price / Fraction(book.hours_per_month)


def _confidence_note(item: FixedItem) -> list[str]:
    if item.origin.confidence == "H":
        return []
    return [doubt_of(label(item.service, item.unit, item.attributes), item.origin)]
