"""The names of differences between a bill and what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.reconcile.billed import (
    ADJUSTMENT,
    CREDIT,
    DISCOUNT,
    FEE,
    FLAT_RATE,
    FREE_TIER,
    OTHER,
    REFUND,
    RESERVED,
    ROUNDING,
    SAVINGS_PLAN,
    SUPPORT,
    TAX,
)

QUANTITY, PRICE, VOLUME_TIER, UNKNOWN_QUANTITY = "quantity", "price", "volume_tier", "unknown_quantity"
NOT_IN_ARCHITECTURE, NOT_BILLED, UNMAPPED = "not_in_architecture", "not_billed", "unmapped"
WORDS = {
    ROUNDING: "no more than the rounding of each row",
    FREE_TIER: "free units",
    VOLUME_TIER: "a tier of the month's volume, where a run expects list prices",
    CREDIT: "credits",
    REFUND: "refunds and corrections",
    DISCOUNT: "discounts",
    TAX: "taxes",
    SUPPORT: "support",
    SAVINGS_PLAN: "Savings Plans",
    RESERVED: "reservations",
    ADJUSTMENT: "adjustments by the provider",
    QUANTITY: "another quantity",
    PRICE: "another price",
    NOT_IN_ARCHITECTURE: "nothing that is expected causes it",
    UNKNOWN_QUANTITY: "expected, and nobody said how much",
    NOT_BILLED: "expected, and not billed",
    FEE: "fees",
    FLAT_RATE: "a flat rate",
    OTHER: "a type of row that this program does not know",
    UNMAPPED: "no price of the book is known to be its own",
}
# What the terms of the bill explain; the rest is what an estimate or a run got wrong.
TERMS = frozenset(
    (
        ROUNDING,
        FREE_TIER,
        VOLUME_TIER,
        CREDIT,
        REFUND,
        DISCOUNT,
        TAX,
        SUPPORT,
        SAVINGS_PLAN,
        RESERVED,
        ADJUSTMENT,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a difference that has one cause."""

    cause: str
    amount: Fraction  # USD, billed less expected
    message: str


def kept(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts that are something, largest first."""
    return tuple(sorted((part for part in parts if part.amount), key=lambda part: -abs(part.amount)))


def unexplained(parts: Sequence[Part]) -> Fraction:
    """What no term of the bill explains, and is mapped: signed, in USD."""
    return sum(
        (part.amount for part in parts if part.cause not in TERMS and part.cause != UNMAPPED), Fraction(0)
    )
