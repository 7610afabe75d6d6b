"""What a what-if changes of a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tidegauge.cost.usage import UsageItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A month's items after a change; None where it cannot be priced, and the message says why."""

    id: str
    title: str
    items: tuple[UsageItem, ...] | None
    message: str
    confidence: Literal["H", "M", "L"] = "H"  # how sure is what the book does not price
    assumptions: tuple[str, ...] = ()
