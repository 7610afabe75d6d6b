"""CloudFront's flat-rate plans: what each allows for its monthly price, which is in the price book."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A month's traffic above which a plan throttles; decimals."""

    requests: str
    gb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatRates:
    """All of plans.json."""

    comment: str  # since when, and who says so
    includes: tuple[str, ...]  # services that a plan's price covers beside requests and bytes
    excludes: dict[str, str]  # {service: its name} of what cannot be used with a plan
    plans: dict[str, Allowance]
