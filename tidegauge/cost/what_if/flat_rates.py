"""CloudFront's flat-rate plans: what each allows for its monthly price, which is in the price book."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A month's traffic above which a plan, at one of its usage levels, throttles; decimals."""

    price: str  # the level's name in the price book
    requests: str
    gb: str

    def fits(self, requests: Fraction, gigabytes: Fraction) -> bool:
        """Whether that traffic stays within it."""
        return requests <= Fraction(self.requests) and gigabytes <= Fraction(self.gb)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatRates:
    """All of plans.json."""

    comment: str  # since when, and who says so
    includes: tuple[str, ...]  # services that a plan's price covers beside requests and bytes
    excludes: dict[str, str]  # {service: its name} of what cannot be used with a plan
    plans: dict[str, tuple[Allowance, ...]]  # the levels of each, ascending
