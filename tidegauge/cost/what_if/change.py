"""What a what-if changes of a month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tidegauge.cost.usage import UsageItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the saving of a change depends on, for its break-even.

    `difference` is the month after less the month before, in USD, at another traffic of so many `unit`;
    None where it has no price.
    """

    unit: str
    now: Fraction  # units in the month as it is
    difference: Callable[[Fraction], Fraction | None]
    at_most: Fraction | None = None  # units above which the change cannot be made


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A month's items after a change; None where it cannot be priced, and the message says why."""

    id: str
    title: str
    items: tuple[UsageItem, ...] | None
    message: str
    extra: Fraction = Fraction(0)  # USD a month without units: what a commitment costs, used or not
    confidence: Literal["H", "M", "L"] = "H"  # how sure are the terms that the book does not price
    assumptions: tuple[str, ...] = ()
    traffic: Traffic | None = None
    no_break_even: str = ""  # why there is none, where `traffic` does not say
