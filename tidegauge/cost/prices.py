"""Prices as dated data: what one unit costs, since when, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from tidegauge.cost.money import text
from tidegauge.errors import nearest

Attributes = tuple[tuple[str, str], ...]  # sorted by name
Confidence = Literal["H", "M", "L"]  # official or price-list data; consistent secondary sources; unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a figure comes from."""

    source: str
    price_date: str | None  # ISO day or month; null where the source gives none
    confidence: Confidence
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A stretch of a month's quantity at one list price."""

    name: str
    up_to: Decimal | None  # units since the month began, exclusive; null: no end
    list_price: Decimal  # USD a list unit


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePool:
    """Units a month that cost nothing; several prices may draw on one pool."""

    name: str
    quantity: Decimal
    origin: Origin
    in_audits: bool = True  # false: an account has them once, and no single architecture can count on them


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one (service, unit, attributes)."""

    service: str
    unit: str
    attributes: Attributes
    optional_attributes: tuple[str, ...]  # may be given with usage; the price does not depend on them
    tiers: tuple[Tier, ...]
    per: int  # units in a list unit: 3600 seconds an hour, 2**30 bytes a GB
    list_unit: str
    free_pool: str | None
    origin: Origin

    def unit_price(self, tier: Tier) -> Fraction:
        """USD a unit, exactly."""
        return Fraction(tier.list_price) / self.per


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """All prices of a region."""

    region: str
    currency: str
    hours_per_month: Decimal  # a month's price as hours and back
    prices: Mapping[tuple[str, str, Attributes], Price]
    free_pools: Mapping[str, FreePool]

    def find(self, service: str, unit: str, attributes: Mapping[str, str]) -> Price | None:
        """The price of a unit, or None where the book has none; attributes must match exactly."""
        exact = self.prices.get((service, unit, sorted_attributes(attributes)))
        if exact is not None:
            return exact
        return next(
            (price for price in self._of(service, unit) if _matches(price, attributes)),
            None,
        )

    def for_audits(self) -> PriceBook:
        """The same prices, with no more free units than the audit of one architecture may count on."""
        pools = {
            name: pool if pool.in_audits else replace(pool, quantity=Decimal(0))
            for name, pool in self.free_pools.items()
        }
        return replace(self, free_pools=pools)

    def why_unknown(self, service: str, unit: str, attributes: Mapping[str, str]) -> tuple[str, str]:
        """Reason and hint for what `find` does not know: the nearest known name."""
        services = {price.service for price in self.prices.values()}
        if service not in services:
            return f"the price book has no service '{service:.60}'", nearest(service, services)
        units = {price.unit for price in self.prices.values() if price.service == service}
        if unit not in units:
            return f"the price book has no unit '{unit:.60}' of {service}", nearest(unit, units)
        shown = label("", "", sorted_attributes(attributes)).strip() or "no attributes"
        known = {
            label("", "", price.attributes).strip() or "no attributes" for price in self._of(service, unit)
        }
        return f"the price book has no {service} {unit} with {shown:.120}", nearest(shown, known)

    def _of(self, service: str, unit: str) -> list[Price]:
        return [price for price in self.prices.values() if (price.service, price.unit) == (service, unit)]


def _matches(price: Price, attributes: Mapping[str, str]) -> bool:
    needed = {key: value for key, value in attributes.items() if key not in price.optional_attributes}
    return sorted_attributes(needed) == price.attributes


def sorted_attributes(attributes: Mapping[str, str]) -> Attributes:
    """Attributes as a key."""
    return tuple(sorted(attributes.items()))


def label(service: str, unit: str, attributes: Attributes) -> str:
    """How messages name a unit: `s3 put_request {storage_class: standard}`."""
    inside = ", ".join(f"{name}: {value}" for name, value in attributes)
    return f"{service} {unit} {{{inside}}}" if inside else f"{service} {unit}"


def list_legal(book: PriceBook) -> list[dict[str, object]]:
    """Every legal (service, unit, attributes) with its price, as `cost prices --json` shows them."""
    return [_legal_row(price, book) for _key, price in sorted(book.prices.items())]


def _legal_row(price: Price, book: PriceBook) -> dict[str, object]:
    pool = book.free_pools[price.free_pool] if price.free_pool else None
    return {
        "service": price.service,
        "unit": price.unit,
        "attributes": dict(price.attributes),
        "optional_attributes": list(price.optional_attributes),
        "price": text(price.unit_price(price.tiers[0])),
        "list_price": text(price.tiers[0].list_price),
        "list_unit": price.list_unit,
        "units_per_list_unit": price.per,
        "tiers": [
            {
                "tier": tier.name,
                "up_to": None if tier.up_to is None else text(tier.up_to),
                "list_price": text(tier.list_price),
                "price": text(price.unit_price(tier)),
            }
            for tier in price.tiers
        ],
        "free_quantity_per_month": None if pool is None else text(pool.quantity),
        "free_pool": price.free_pool,
        "free_note": None if pool is None else pool.origin.note,
        "free_in_audits": None if pool is None else pool.in_audits,
        "free_date": None if pool is None else pool.origin.price_date,
        "free_source": None if pool is None else pool.origin.source,
        "free_confidence": None if pool is None else pool.origin.confidence,
        "price_date": price.origin.price_date,
        "source": price.origin.source,
        "confidence": price.origin.confidence,
        "note": price.origin.note,
    }
