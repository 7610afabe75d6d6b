"""summary.json's `cost`: money is USD as unrounded decimal strings, null where it is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegauge.stored import Count, Dollars

DOUBT = {"L": "unverified", "M": "assumed"}  # how a sentence says how sure a price is, the least sure first


def in_brackets(word: str) -> str:
    """A doubt as it follows an amount: ` (assumed)`, or nothing."""
    return f" ({word})" if word else ""


def doubt(confidences: Iterable[str]) -> str:
    """The word for the least sure of these prices: `assumed`, `unverified`, or nothing."""
    found = set(confidences)
    return next((word for confidence, word in DOUBT.items() if confidence in found), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """Some units at one price."""

    service: str  # what AWS bills
    unit: str  # by which unit, in the singular
    attributes: Mapping[str, str]  # what else the price depends on
    flow: str | None  # the flow that caused it; null where all share it
    tier: str  # the price's volume tier
    quantity: Dollars  # units
    price: Dollars  # what a unit costs
    list_price: Dollars  # what a `list_unit` costs, as published
    list_unit: str  # such as "GB" or "1M requests"
    amount: Dollars  # quantity times price
    provenance: str  # counted, metered or estimated
    price_date: str | None  # when the price was read
    source: str  # where from
    confidence: str  # H official, M secondary sources, L unverified
    note: str  # on the price


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredUsage:
    """Usage that fixed hours pay for."""

    service: str  # what AWS would bill
    unit: str  # by which unit
    attributes: Mapping[str, str]  # what else a price would depend on
    flow: str | None  # the flow that caused it; null where all share it
    quantity: Dollars  # units
    reason: str  # what pays for it


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedUsage:
    """Billable usage whose quantity or price is not known."""

    service: str  # what AWS bills
    unit: str  # by which unit
    attributes: Mapping[str, str]  # what else the price depends on
    flow: str | None  # the flow that causes it; null for every flow
    reason: str  # why it is not known
    hint: str  # what would make it known
    blocking: bool  # whether it makes a cost unknown; else it lies outside the figures
    about_per_1k_requests: Dollars | None = None  # the order of its size, of 1,000 requests


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCost:
    """One service's part of a cost."""

    service: str  # as in the lines
    per_1k_requests: Dollars | None  # what it adds to 1,000 answered requests


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCost:
    """The marginal cost of one flow."""

    flow: str  # its name in the plan
    requests: Count  # asked in the window
    requests_sent: Count  # those that went out
    requests_answered: Count  # those that got an answer, good or not
    sessions: Count  # asked in the window
    sessions_sent: Count  # those that were sent
    sessions_answered: Count  # those whose every request got an answer
    per_1k_requests: Dollars | None  # marginal cost of 1,000 of its answered requests
    per_1k_sessions: Dollars | None  # marginal cost of 1,000 of its answered sessions
    by_service: tuple[ServiceCost, ...]  # its parts, the dearest first
    reason: str | None  # why one of them is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """The cost of 1,000 requests at one rate."""

    rate_per_s: float  # answered requests
    marginal_per_1k: Dollars  # the same at any rate
    fixed_per_1k: Dollars  # what the fixed hours weigh
    counted_once_per_1k: Dollars  # what both hold: seconds of workers within their fixed hours
    loaded_per_1k_requests: Dollars  # both together, what they share counted once


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedCurve:
    """The loaded cost over the offered load."""

    fixed_hourly: Dollars  # what the architecture costs an hour, busy or idle
    marginal_per_1k_requests: Dollars  # the curve's floor
    measured_rate_per_s: float  # answered requests of this run; one of the points has it
    half_rate_per_s: float | None  # above it less than half is fixed; 0 without fixed cost, null at no rate
    points: tuple[CurvePoint, ...]  # by rising rate


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedItem:
    """Something that the architecture holds around the clock."""

    file: str  # the template
    resource: str  # its name there
    resource_type: str  # AWS::…
    service: str  # what AWS bills
    unit: str  # by which unit
    attributes: Mapping[str, str]  # what else the price depends on
    quantity: Dollars  # units held at any time
    list_price: Dollars  # what a `list_unit` costs, as published
    list_unit: str  # such as "hour"
    hourly: Dollars  # USD an hour
    monthly: Dollars  # USD a month
    price_date: str | None  # when the price was read
    source: str  # where from
    confidence: str  # H official, M secondary sources, L unverified
    note: str  # on the price


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpricedResource:
    """A resource of the templates, or a property of it, whose fixed cost is not known."""

    file: str  # the template
    resource: str  # its name there
    resource_type: str  # AWS::…
    property: str | None = None  # null: the whole resource
    reason: str  # why


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpricedPart:
    """Something billed whose price or quantity is not known, so that a total lacks it."""

    file: str  # the template
    resource: str  # its name there, behind that of a nested stack
    type: str  # AWS::…
    property: str | None = None  # null: the whole resource, or what it is billed for by use
    reason: str  # why


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedHours:
    """What the architecture costs around the clock."""

    hourly: Dollars | None  # USD an hour, of what is known
    monthly: Dollars | None  # USD a month, of what is known
    hours_per_month: Dollars  # that a month has
    items: tuple[FixedItem, ...]  # what is held
    complete: bool = True  # whether the sums hold all; else they are the least that it costs
    missing: tuple[UnpricedResource, ...]  # what they lack
    billed_by_use: tuple[str, ...]  # resources that cost nothing while idle
    no_charge: tuple[str, ...]  # resources that cost nothing at all
    provisioned_tables: tuple[str, ...]  # tables with provisioned capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSection:
    """What 1,000 answered client requests of the window cost."""

    currency: str  # USD
    prices_dated: str | None  # the oldest date of a price used
    requests: Count  # asked in the window
    requests_sent: Count  # those that went out
    requests_answered: Count  # those that got an answer: costs are per 1,000 of these
    marginal_per_1k_requests: Dollars | None  # first-tier list price, no free tier
    marginal_reason: str | None  # why it is not known
    loaded_per_1k_requests: Dollars | None  # marginal plus fixed hours, what both hold counted once
    loaded_reason: str | None  # why it is not known
    loaded_curve: LoadedCurve | None  # over the offered load; null where the loaded cost is
    by_service: tuple[ServiceCost, ...]  # the marginal cost's parts, the dearest first
    by_flow: tuple[FlowCost, ...]  # in the plan's order
    lines: tuple[CostLine, ...]  # what was priced
    unknown: tuple[UncountedUsage, ...]  # what makes a figure null, then what lies outside the figures
    covered_by_fixed: tuple[CoveredUsage, ...]  # what has no price of its own
    complete: bool = True  # whether the loaded cost holds all of the architecture; else it is a lower bound
    unpriced: tuple[UnpricedPart, ...] = ()  # what of the architecture it lacks
    fixed: FixedHours | None  # null without an architecture
    assumptions: tuple[str, ...]  # what the figures rest on, in sentences

    @property
    def marginal_doubt(self) -> str:
        """How a sentence says that the marginal cost rests on a price that is not official; else nothing."""
        return doubt(line.confidence for line in self.lines if line.quantity != "0")

    @property
    def loaded_doubt(self) -> str:
        """The same of the loaded cost."""
        held = () if self.fixed is None else self.fixed.items
        used = (line.confidence for line in self.lines if line.quantity != "0")
        return doubt([*used, *(item.confidence for item in held)])
