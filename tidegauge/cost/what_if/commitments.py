"""What committing to a year or three takes off on-demand prices, as data."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A service's share of the on-demand price under one commitment."""

    id: str  # the what-if's
    service: str
    years: int
    factor: str  # a decimal: what is paid of the on-demand price
    source: str
    date: str
    confidence: Literal["H", "M", "L"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitments:
    """All of commitments.json."""

    comment: str
    rates: tuple[Rate, ...]

    def rate(self, name: str, service: str) -> Rate:
        """The rate of a service under the commitment `name`."""
        return next(rate for rate in self.rates if (rate.id, rate.service) == (name, service))

    def factor(self, name: str, service: str) -> Fraction:
        """What is paid of the on-demand price."""
        return Fraction(self.rate(name, service).factor)
