"""The usage that a line of an estimate should have priced, on which evidence, and how far it is off."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tidegauge.cost.audit.reading import Reading
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.words import units

Basis = Literal["architecture", "run", "scenario", "estimate", "kept"]
SAME = Fraction(1, 10**9)  # relative: quantities nearer than this are one and the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The usage that a line should have priced."""

    basis: Basis
    items: tuple[UsageItem, ...] = ()
    kept: Fraction = Fraction(0)  # USD of the estimate that nothing confirms or refutes
    task_hours: Fraction | None = None
    findings: tuple[Finding, ...] = ()


def differences(reading: Reading, total: Fraction, how: str) -> tuple[Finding, ...]:
    """A finding where the estimate's quantity is not the one that `how` makes."""
    if reading.quantity is None or same(reading.quantity, total):
        return ()
    unit = reading.line.unit or ""
    message = f"the estimate has {units(reading.quantity, unit)}, {how} {units(total, unit)}"
    return (Finding(code="quantity", message=message),)


def same(one: Fraction, other: Fraction) -> bool:
    """Whether two quantities are one, but for the last digits of a division."""
    return abs(one - other) <= SAME * max(abs(one), abs(other))
