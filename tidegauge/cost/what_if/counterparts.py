"""What takes the place of a provider's billed units at another provider, as data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """What one unit turns into: units of another kind, or (`gone`) nothing that is billed."""

    service: str
    unit: str | None = None  # None: any unit of the service
    gone: str | None = None  # why nothing is billed instead
    to: tuple[str, str] | None = None  # (service, unit) there; either this or `gone`
    attributes: dict[str, str] = field(default_factory=dict)
    factor: str = "1"  # a decimal: units there for a unit here
    how: str = ""

    def fits(self, service: str, unit: str) -> bool:
        """Whether this is the rule of that unit."""
        return self.service == service and self.unit in (None, unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparts:
    """All of a map; the first rule that fits counts."""

    comment: str
    rules: tuple[Counterpart, ...]
