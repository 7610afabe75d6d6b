"""A month of usage, as what-ifs ask about it and change it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.lines import PricedLine, PricedUsage, price_usage
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, PriceBook, label
from tidegauge.cost.usage import Usage, UsageItem
from tidegauge.errors import TidegaugeError

GB = 2**30
NOTES = {  # figures that what-ifs ask for beside the usage; docs/cost.md lists them
    "hit_ratio": "share of the CDN's requests that it answers without the origin",
    "spot_share": "share of interruptible Fargate tasks that would run on Spot",
    "provisioned_reads_per_month": "read request units that tables with provisioned capacity serve",
    "provisioned_writes_per_month": "write request units that tables with provisioned capacity serve",
    "capacity_utilisation": "mean share of provisioned capacity that is used",
    "s3_share_of_nat": "share of the NAT gateways' bytes that are S3's",
    "interface_endpoints": "AWS services that tasks in the VPC call",
    "api_cpu_ms": "mean ms of CPU of an API request",
    "savings_plan_discount": "share of the on-demand price that a one-year Savings Plan takes off Fargate",
    "s3_retrieved_gb_per_month": "GB a month that are read from S3",
    "s3_cold_share": "share of S3's bytes that nobody reads for 30 days",
    "assets": "objects in S3",
}
SHARES = (  # from 0 to 1
    "hit_ratio",
    "spot_share",
    "capacity_utilisation",
    "s3_share_of_nat",
    "savings_plan_discount",
    "s3_cold_share",
)
Choice = Callable[[UsageItem], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month's usage with its prices.

    `notes` are figures beside the usage, by the names of NOTES. `interruptible` are the positions
    of Fargate items whose tasks may run on Spot; None: all of them. `kept` are USD a month that have no units
    and that no change moves.
    """

    usage: Usage
    book: PriceBook
    notes: Mapping[str, Fraction] = field(default_factory=dict)
    provisioned_tables: Collection[str] = ()
    interruptible: frozenset[int] | None = None
    kept: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        for name in SHARES:
            share = self.notes.get(name, Fraction(1))
            if not 0 <= share <= 1 or (name == "capacity_utilisation" and not share):
                raise TidegaugeError(f"{name} is {float(share):g}", f"a share from 0 to 1: {NOTES[name]}")

    def total(self, items: tuple[UsageItem, ...] | None = None) -> Fraction | None:
        """USD of the month with these items in place of its own; None where one of them has no price."""
        total = self._priced(self.usage.items if items is None else items).total_exact
        return None if total is None else total + self.kept

    def lines(self, items: tuple[UsageItem, ...]) -> tuple[PricedLine, ...]:
        """These items as they are billed when they are the whole month."""
        return self._priced(items).lines

    def quantity(self, service: str, *units: str) -> Fraction:
        """Units of a month; 0 where there are none."""
        own = (item for item in self.usage.items if item.service == service and item.unit in units)
        return sum((Fraction(item.quantity) for item in own), Fraction(0))

    def list_price(self, service: str, unit: str, attributes: Attributes = ()) -> Fraction | None:
        """USD a unit in the first tier; None where the book has no such price."""
        price = self.book.find(service, unit, dict(attributes))
        return None if price is None else price.unit_price(price.tiers[0])

    def unpriced(self, items: Iterable[UsageItem]) -> list[str]:
        """The names of items that the book has no price for."""
        return [
            label(item.service, item.unit, item.attributes)
            for item in items
            if self.book.find(item.service, item.unit, dict(item.attributes)) is None
        ]

    def has(self, service: str, *units: str) -> bool:
        """Whether the month has any of these units, or of the service at all."""
        return any(item.service == service and (not units or item.unit in units) for item in self.usage.items)

    def without(self, chosen: Choice) -> tuple[UsageItem, ...]:
        """All items but those."""
        return tuple(item for item in self.usage.items if not chosen(item))

    def changed(self, change: Callable[[int, UsageItem], UsageItem]) -> tuple[UsageItem, ...]:
        """All items, each as `change` makes it of its position and itself."""
        return tuple(change(at, item) for at, item in enumerate(self.usage.items))

    def grown(
        self, factor: Fraction, chosen: Choice, items: tuple[UsageItem, ...] | None = None
    ) -> tuple[UsageItem, ...]:
        """The month's items, or those, with `factor` times the units of the chosen ones."""
        rows = self.usage.items if items is None else items
        return tuple(times(item, factor) if chosen(item) else item for item in rows)

    def may_be_interrupted(self, at: int) -> bool:
        """Whether the tasks of the item at that position may run on Spot."""
        return self.interruptible is None or at in self.interruptible

    def _priced(self, items: tuple[UsageItem, ...]) -> PricedUsage:
        return price_usage(
            replace(self.usage, items=items),
            self.book,
            marginal=False,
            free_tier=True,
            provisioned_tables=self.provisioned_tables,
        )


def some(service: str, unit: str, quantity: Fraction | Decimal, **attributes: str) -> UsageItem:
    """A month's units that a what-if adds."""
    return UsageItem(
        flow=None,
        service=service,
        unit=unit,
        attributes=tuple(sorted(attributes.items())),
        quantity=to_decimal(Fraction(quantity)),
        provenance="estimated",
    )


def with_attribute(item: UsageItem, name: str, value: str) -> UsageItem:
    """The same units of another kind."""
    return replace(item, attributes=tuple(sorted({**dict(item.attributes), name: value}.items())))


def times(item: UsageItem, factor: Fraction) -> UsageItem:
    """`factor` times the units."""
    return replace(item, quantity=to_decimal(Fraction(item.quantity) * factor))
