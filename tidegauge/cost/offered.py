"""A price as a provider's price list offers it, in the units of our book."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from tidegauge.cost.prices import Attributes

Key = tuple[str, str, Attributes]  # service, unit, attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTier:
    """A stretch of a month's quantity at one price."""

    up_to: Decimal | None  # units since the month began, exclusive; null: no end
    usd_per_unit: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the price list says of one price of the book."""

    tiers: tuple[OfferedTier, ...]
    offer: str  # its code
    sku: str
    published: str  # ISO day of the offer


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOffered:
    """Why the price list cannot say what a price is now.

    Kinds: its offer was not read; it is not in the offer; it is, but not as one price in a unit that we know.
    """

    kind: Literal["unread", "vanished", "unclear"]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUnit:
    """How a price new to the book is listed."""

    per: int  # units in a list unit
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A price that is assumed to be a share of another one."""

    of: Key
    factor: Fraction
