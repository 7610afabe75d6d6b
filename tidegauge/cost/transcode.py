"""What one transcoded asset costs: a task's hour, the time it is held, and the egress of what was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from tidegauge.cost.money import text
from tidegauge.cost.prices import Price, PriceBook

Capacity = Literal["on_demand", "spot"]
SECONDS_PER_HOUR = 3600
MINIMUM_S = 60  # a Fargate task (M) and an EC2 instance are billed by the second, but so much at least (M)
# The Spot price over that on demand: AWS promises 70 % off at most (M); the upper end is unverified (L).
SPOT_BAND = (Fraction(3, 10), Fraction(1, 2))
EGRESS_ATTRIBUTES = {"geo": "us"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyPrice:
    """USD an hour of a task or instance; null with the reason where the book lacks a part of it."""

    usd: Fraction | None
    reason: str | None = None
    note: str = ""
    parts: Mapping[str, Fraction]  # USD an hour by name; their sum is `usd`
    band: tuple[Fraction, Fraction] | None = None  # USD an hour that the true price is taken to lie between
    prices_dated: str | None = None  # the oldest of its prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a task is used. A job is one medium made into one rendition, as a bench cell is."""

    jobs_per_task: Fraction  # between a start and its stop
    cold_start_s: Fraction  # billed before the first job
    utilisation: Fraction  # share of the time after the start that goes into jobs, above 0 to 1
    views_per_asset: Fraction

    def __post_init__(self) -> None:
        if self.jobs_per_task < 1 or self.cold_start_s < 0 or self.views_per_asset < 0:
            raise ValueError("a task does at least one job, and nothing takes less than no time")
        if not 0 < self.utilisation <= 1:
            raise ValueError("utilisation is above 0 and at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetCost:
    """USD of one job; what is unknown is null."""

    compute_usd: Fraction | None  # the job's own time, with its share of idle time
    cold_start_usd: Fraction | None  # its share of the start, and of what the one-minute minimum adds
    egress_usd: Fraction | None  # its bytes to every viewer, list price, first tier
    reason: str | None

    @property
    def usd(self) -> Fraction | None:
        """Compute with the share of the start; egress is apart."""
        if self.compute_usd is None or self.cold_start_usd is None:
            return None
        return self.compute_usd + self.cold_start_usd


def fargate_hour(
    book: PriceBook, *, arch: str, vcpu: Decimal, memory_gb: Decimal, capacity: Capacity
) -> HourlyPrice:
    """A Fargate task of `vcpu` and `memory_gb`, with the 20 GB of storage that every task includes."""
    attributes = {"arch": arch, "capacity": capacity}
    wanted = (("vcpu", "vcpu_second", vcpu), ("memory", "gb_second", memory_gb))
    prices = {name: book.find("fargate", unit, attributes) for name, unit, _ in wanted}
    for name, unit, _ in wanted:
        if prices[name] is None:
            return HourlyPrice(usd=None, reason=book.why_unknown("fargate", unit, attributes)[0], parts={})
    known = [price for price in prices.values() if price is not None]
    parts = {
        name: _first_price(price) * SECONDS_PER_HOUR * Fraction(amount)
        for (name, _, amount), price in zip(wanted, known, strict=True)
    }
    usd = sum(parts.values(), Fraction(0))
    note = f"{vcpu} vCPU and {memory_gb} GB of Fargate by the second, one minute at least"
    if capacity == "on_demand":
        return HourlyPrice(usd=usd, parts=parts, note=note, prices_dated=_oldest(known))
    base = fargate_hour(book, arch=arch, vcpu=vcpu, memory_gb=memory_gb, capacity="on_demand").usd
    band = None if base is None else (base * SPOT_BAND[0], base * SPOT_BAND[1])
    note += (
        f"; {known[0].origin.note} (band {float(SPOT_BAND[0]):g} to {float(SPOT_BAND[1]):g} x, unverified)"
    )
    return HourlyPrice(usd=usd, parts=parts, band=band, note=note, prices_dated=_oldest(known))


def instance_hour(book: PriceBook, instance_type: str) -> HourlyPrice:
    """A whole EC2 instance under ECS, with the fee of Managed Instances: the instance's idle time is paid."""
    attributes = {"instance_type": instance_type}
    instance = book.find("ec2", "instance_second", attributes)
    if instance is None:
        reason, _ = book.why_unknown("ec2", "instance_second", attributes)
        return HourlyPrice(usd=None, reason=reason, parts={})
    fee = book.find("ecs", "managed_instance_usd", {})
    if fee is None:
        return HourlyPrice(usd=None, reason=book.why_unknown("ecs", "managed_instance_usd", {})[0], parts={})
    own = _first_price(instance) * SECONDS_PER_HOUR
    parts = {"instance": own, "managed_instances_fee": own * _first_price(fee)}
    return HourlyPrice(
        usd=sum(parts.values(), Fraction(0)),
        parts=parts,
        note=f"the whole {instance_type} under ECS, on demand; {fee.origin.note}",
        prices_dated=_oldest([instance, fee]),
    )


def unpriced(reason: str) -> HourlyPrice:
    """A machine that has no list price."""
    return HourlyPrice(usd=None, reason=reason, parts={})


def asset_cost(
    hour: HourlyPrice, *, wall_s: float, bytes_out: int, terms: Terms, book: PriceBook
) -> AssetCost:
    """One job of `wall_s` on a task at `hour`, and its `bytes_out` to every viewer."""
    egress = book.find("cloudfront", "egress_byte", EGRESS_ATTRIBUTES)
    egress_usd = None if egress is None else _first_price(egress) * bytes_out * terms.views_per_asset
    if hour.usd is None:
        return AssetCost(compute_usd=None, cold_start_usd=None, egress_usd=egress_usd, reason=hour.reason)
    per_s = hour.usd / SECONDS_PER_HOUR
    held_s = Fraction(Decimal(str(wall_s))) / terms.utilisation
    billed_s = max(terms.cold_start_s + held_s * terms.jobs_per_task, Fraction(MINIMUM_S))
    return AssetCost(
        compute_usd=per_s * held_s,
        cold_start_usd=per_s * (billed_s / terms.jobs_per_task - held_s),
        egress_usd=egress_usd,
        reason=None,
    )


def cost_fields(cost: AssetCost, hour: HourlyPrice) -> dict[str, object]:
    """`cost_usd_per_asset`, `cost_reason` and `cost` of a bench cell."""
    return {
        "cost_usd_per_asset": _written(cost.usd),
        "cost_reason": cost.reason,
        "cost": {
            "compute_usd": _written(cost.compute_usd),
            "cold_start_usd": _written(cost.cold_start_usd),
            "egress_usd": _written(cost.egress_usd),
            "usd_per_hour": _written(hour.usd),
            "prices_dated": hour.prices_dated,
        },
    }


def price_fields(hour: HourlyPrice) -> dict[str, object]:
    """`usd_per_hour` and what belongs to it, of a bench profile."""
    return {
        "usd_per_hour": _written(hour.usd),
        "usd_per_hour_parts": {name: text(usd) for name, usd in hour.parts.items()},
        "usd_per_hour_band": [text(usd) for usd in hour.band] if hour.band else None,
        "prices_dated": hour.prices_dated,
        "price_note": hour.note or hour.reason,
    }


def _first_price(price: Price) -> Fraction:
    return price.unit_price(price.tiers[0])


def _oldest(prices: Sequence[Price]) -> str | None:
    return min((price.origin.price_date for price in prices if price.origin.price_date), default=None)


def _written(usd: Fraction | None) -> str | None:
    return None if usd is None else text(usd)
