"""Which price of our book is which in AWS's offers, as data (offer_map.toml)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from tidegauge.collect.prices.offers import Offer, Product, Rate
from tidegauge.cost.offered import Key, ListUnit, NotOffered, Offered, OfferedTier, Share
from tidegauge.cost.prices import sorted_attributes
from tidegauge.errors import TidegaugeError, nearest

COUNT = "count"  # a measure: any unit that no other measure names


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where the prices of a service and unit stand."""

    offer: str
    service: str
    unit: str
    usage_type: tuple[str, ...]  # alternatives, without the region's prefix; {names} of attributes
    measure: str
    holds: int  # units of ours in a unit of the offer
    scope: Literal["region", "global"] = "region"
    attributes: dict[str, str] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    per: int | None = None
    list_unit: str | None = None

    def fits(self, key: Key) -> bool:
        """Whether this rule says where the price of `key` stands."""
        service, unit, attributes = key
        return (service, unit) == (self.service, self.unit) and self.attributes.items() <= dict(
            attributes
        ).items()


@dataclass(frozen=True, slots=True, kw_only=True)
class Everywhere:
    """A service's unit that costs the same in every region and stands in no offer."""

    service: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A price that stands in no offer and is assumed to be a share of one that does."""

    service: str
    unit: str
    attributes: dict[str, str]
    of: dict[str, str]  # the attributes of the other price
    factor: str  # a decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMap:
    """All of offer_map.toml."""

    prefixes: dict[str, tuple[str, ...]]
    measures: dict[str, tuple[str, ...]]
    everywhere: tuple[Everywhere, ...]
    derived: tuple[Derived, ...]
    rule: tuple[Rule, ...]
    billed: tuple[Rule, ...] = ()  # usage types that stand in bills and in no offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One price of the book, as it would stand in an offer."""

    key: Key
    rule: Rule
    names: tuple[str, ...]  # usage types without the region's prefix
    usage_types: frozenset[str]  # with the region's prefixes
    where: Mapping[str, str]  # column -> value, in lower case


def find_wanted(offer_map: OfferMap, keys: Iterable[Key], region: str) -> list[Wanted]:
    """What to look for, for those of `keys` that a rule fits, and for the prices that rules add."""
    known = dict.fromkeys(keys)
    known |= dict.fromkeys(new_list_units(offer_map))
    return _found(known, offer_map.rule, _prefixes(offer_map, region))


def find_billed(offer_map: OfferMap, keys: Iterable[Key], region: str) -> list[Wanted]:
    """How bills name the prices of `keys`."""
    return _found(keys, (*offer_map.rule, *offer_map.billed), _prefixes(offer_map, region))


def _prefixes(offer_map: OfferMap, region: str) -> Sequence[str]:
    if region not in offer_map.prefixes:
        raise TidegaugeError(
            f"the usage types of region '{region:.60}' are not known",
            nearest(region, offer_map.prefixes)
            + "; a region is a line of tidegauge/collect/prices/offer_map.toml",
        )
    return offer_map.prefixes[region]


def _found(keys: Iterable[Key], rules: Sequence[Rule], prefixes: Sequence[str]) -> list[Wanted]:
    pairs = ((key, next((rule for rule in rules if rule.fits(key)), None)) for key in keys)
    return [_wanted(key, rule, prefixes) for key, rule in pairs if rule is not None]


def usage_types(wanted: Sequence[Wanted]) -> frozenset[str]:
    """All usage types that are looked for."""
    return frozenset(name for each in wanted for name in each.usage_types)


def new_list_units(offer_map: OfferMap) -> dict[Key, ListUnit]:
    """How the prices that rules may add to a book are listed."""
    return {
        (rule.service, rule.unit, sorted_attributes(rule.attributes)): ListUnit(
            per=rule.per, name=rule.list_unit
        )
        for rule in offer_map.rule
        if rule.per is not None and rule.list_unit is not None
    }


def shares(offer_map: OfferMap) -> dict[Key, Share]:
    """The prices that are shares of others."""
    return {
        (row.service, row.unit, sorted_attributes(row.attributes)): Share(
            of=(row.service, row.unit, sorted_attributes(row.of)), factor=Fraction(row.factor)
        )
        for row in offer_map.derived
    }


def _wanted(key: Key, rule: Rule, prefixes: Sequence[str]) -> Wanted:
    attributes = dict(key[2])
    starts = ("",) if rule.scope == "global" else prefixes
    names = [name.format_map(attributes) for name in rule.usage_type]
    return Wanted(
        key=key,
        rule=rule,
        names=tuple(names),
        usage_types=frozenset(f"{start}{name}" for start in starts for name in names),
        where={column.lower(): value.format_map(attributes).lower() for column, value in rule.where.items()},
    )


def match_offers(
    wanted: Sequence[Wanted], offers: Sequence[Offer], offer_map: OfferMap, region: str
) -> dict[Key, Offered | NotOffered]:
    """What the offers say of each price that is wanted."""
    return {each.key: _match(each, offers, offer_map.measures, region) for each in wanted}


def _match(
    wanted: Wanted, offers: Sequence[Offer], measures: Mapping[str, Sequence[str]], region: str
) -> Offered | NotOffered:
    code = wanted.rule.offer
    of_code = [offer for offer in offers if offer.code == code]
    if not of_code:
        return NotOffered(kind="unread", why=f"no offer of {code} was read")
    day = max(offer.published for offer in of_code)
    latest: dict[str, Product] = {}
    for offer in sorted(of_code, key=lambda offer: offer.published):
        latest |= {product.sku: product for product in offer.products}
    found = [product for product in latest.values() if product.rates and _is(product, wanted, region)]
    if not found:
        named = " or ".join(wanted.names)
        return NotOffered(kind="vanished", why=f"{code} of {day} has no {named}")
    try:
        prices = {product.sku: _tiers(product.rates, wanted.rule, measures) for product in found}
    except ValueError as error:
        return NotOffered(kind="unclear", why=f"{code} of {day}: {error}")
    charged = {sku: tiers for sku, tiers in prices.items() if any(tier.usd_per_unit for tier in tiers)}
    prices = charged or prices  # a free allowance may be a SKU of its own, at nothing
    if len(set(prices.values())) > 1:
        skus = ", ".join(sorted(prices))
        return NotOffered(kind="unclear", why=f"{code} of {day} has several prices for it: SKUs {skus:.200}")
    sku = min(prices)
    return Offered(tiers=prices[sku], offer=code, sku=sku, published=day)


def _is(product: Product, wanted: Wanted, region: str) -> bool:
    if product.columns.get("usagetype", "") not in wanted.usage_types:
        return False
    if wanted.rule.scope == "region" and product.columns.get("regioncode", "") not in ("", region):
        return False
    return all(product.columns.get(column, "").lower() == value for column, value in wanted.where.items())


def _tiers(
    rates: Sequence[Rate], rule: Rule, measures: Mapping[str, Sequence[str]]
) -> tuple[OfferedTier, ...]:
    """Rates as tiers in our units (ValueError where they leave a gap or measure something else)."""
    ordered = sorted(rates, key=lambda rate: rate.begin)
    begin: Decimal | None = Decimal(0)
    for rate in ordered:
        if measure_of(rate.unit, measures) != rule.measure:
            raise ValueError(
                f"its unit is '{rate.unit:.40}', which is not a {rule.measure.replace('_', '-')}"
            )
        if rate.begin != begin:
            raise ValueError(f"its tiers leave a gap or overlap at {rate.begin}")
        begin = rate.end
    if begin is not None:
        raise ValueError(f"its last tier ends, at {begin}")
    return tuple(
        OfferedTier(
            up_to=None if rate.end is None else rate.end * rule.holds,
            usd_per_unit=Fraction(rate.usd) / rule.holds,
        )
        for rate in ordered
    )


def measure_of(unit: str, measures: Mapping[str, Sequence[str]]) -> str:
    """What a unit of AWS's measures."""
    return next((name for name, units in measures.items() if unit.lower() in units), COUNT)
