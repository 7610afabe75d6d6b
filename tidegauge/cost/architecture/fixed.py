"""What a stack costs an hour for being there, from its CloudFormation templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.architecture.fixed_rules import RULES
from tidegauge.cost.architecture.free_types import BILLED_BY_USE, NO_CHARGE
from tidegauge.cost.architecture.resources import Holding, Resource, find_resources
from tidegauge.cost.architecture.template_values import Unresolvable
from tidegauge.cost.architecture.templates import parse_template
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, Origin, Price, PriceBook, sorted_attributes
from tidegauge.errors import TidegaugeError

SECONDS_PER_HOUR = 3600
CUSTOM = "Custom::"


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
    """A resource that may cost something, and why its price is not known."""

    file: str
    resource: str
    resource_type: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCost:
    """The fixed cost of an architecture, at list prices without free tiers."""

    items: tuple[FixedItem, ...]
    missing: tuple[MissingFixed, ...]
    billed_by_use: tuple[str, ...]  # "Resource (type)": no fixed cost, but usage
    no_charge: tuple[str, ...]  # types present that are free
    provisioned_tables: frozenset[str]
    assumptions: tuple[str, ...]
    hours_per_month: Decimal

    @property
    def hourly_exact(self) -> Fraction | None:
        """USD an hour; None as soon as anything is missing."""
        return None if self.missing else sum((item.hourly_exact for item in self.items), Fraction(0))

    @property
    def monthly(self) -> Decimal | None:
        """USD a month of `hours_per_month`; None as soon as anything is missing."""
        hourly = self.hourly_exact
        return None if hourly is None else to_decimal(hourly * Fraction(self.hours_per_month))


def price_architecture(
    templates: Mapping[str, str], book: PriceBook, *, parameters: Mapping[str, str] | None = None
) -> FixedCost:
    """The fixed cost of all `templates` ({file name: text}), each deployed once.

    `parameters` go before the templates' defaults. What only deployment knows makes the cost unknown.
    """
    if not templates:
        raise TidegaugeError(
            "the architecture has no templates", "name a folder with CloudFormation templates"
        )
    parsed = {name: parse_template(name, text) for name, text in sorted(templates.items())}
    return _add_up(find_resources(parsed, parameters or {}, book.region), book)


def _add_up(resources: Iterable[Resource], book: PriceBook) -> FixedCost:
    items: list[FixedItem] = []
    missing: list[MissingFixed] = []
    by_use, free, assumptions, tables = [], set(), [], set()
    for resource in resources:
        try:
            if not resource.is_deployed:
                continue
            if resource.type in BILLED_BY_USE:
                by_use.append(f"{resource.name} ({resource.type})")
            elif resource.type in NO_CHARGE or resource.type.startswith(CUSTOM):
                free.add(resource.type)
            else:
                for holding in _holdings(resource):
                    items.append(_item(resource, holding, book))
                    assumptions += [holding.assumption] if holding.assumption else []
                    assumptions += _confidence_note(items[-1])
                    tables |= {holding.provisioned_table} if holding.provisioned_table else set()
        except Unresolvable as reason:
            missing.append(
                MissingFixed(
                    file=resource.file,
                    resource=resource.name,
                    resource_type=resource.type,
                    reason=str(reason),
                )
            )
    return FixedCost(
        items=tuple(items),
        missing=tuple(missing),
        billed_by_use=tuple(by_use),
        no_charge=tuple(sorted(free)),
        provisioned_tables=frozenset(tables),
        assumptions=tuple(dict.fromkeys(assumptions)),
        hours_per_month=book.hours_per_month,
    )


def _holdings(resource: Resource) -> list[Holding]:
    rule = RULES.get(resource.type)
    if rule is None:
        raise Unresolvable("no price is known for this resource type")
    return list(rule(resource))


def _item(resource: Resource, holding: Holding, book: PriceBook) -> FixedItem:
    price = book.find(holding.service, holding.unit, holding.attributes)
    if price is None:
        reason, hint = book.why_unknown(holding.service, holding.unit, holding.attributes)
        raise Unresolvable(f"{reason}; {hint}" if hint else reason)
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
    return [f"{item.service} {item.unit}: {item.origin.note or item.origin.source}"]
