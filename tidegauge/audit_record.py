"""audit.json: an estimate held against an architecture and a run. Money is USD a month as decimal strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegauge.cost_record import CostLine, UnpricedPart
from tidegauge.stored import ASIDE, Dollars, UnknownFields

AUDIT_VERSION = 1  # audit.json's schema


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """Something that the audit found."""

    code: str  # its kind
    message: str  # in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUse:
    """What a resource of the templates is billed for by use."""

    service: str  # what AWS bills
    unit: str  # by which unit
    quantity: Dollars | None  # units a month; null where the scenario does not say
    needs: tuple[str, ...]  # the figures of the scenario that are missing
    how: str  # what the quantity stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedResource:
    """A billed resource of the templates."""

    resource: str  # its name there
    resource_type: str  # AWS::…
    file: str  # the template
    fixed_monthly: Dollars  # for its hours around the clock
    usage: tuple[ResourceUse, ...]  # what else it is billed for


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLine:
    """A line of the estimate."""

    id: str  # its name
    text: str | None  # as the estimate words it
    service: str | None  # what AWS bills
    unit: str | None  # by which unit
    attributes: Mapping[str, str]  # what else the price depends on
    flow: str | None  # the flow that causes it
    formula: str | None  # as the estimate works it out
    estimate: Dollars  # as the estimate has it
    corrected: Dollars  # by the best evidence
    difference: Dollars  # corrected less estimate
    basis: str  # where the quantity comes from: run, architecture, scenario, estimate, kept
    findings: tuple[AuditFinding, ...]  # what is wrong with it
    priced: tuple[CostLine, ...]  # what the corrected amount is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentItem:
    """Something billed that no line of the estimate has."""

    resource: str | None  # the resources that cause it; null where a run measured it
    resource_type: str | None  # their types
    service: str  # what AWS bills
    unit: str | None  # by which units
    amount: Dollars | None  # null where the scenario does not say how much
    needs: tuple[str, ...]  # the figures of the scenario that are missing
    why: str  # what it is billed for
    priced: tuple[CostLine, ...]  # what the amount is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePart:
    """A resource that AWS does not bill."""

    file: str  # the template
    resource: str  # its name there
    resource_type: str  # AWS::…
    reason: str  # why


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedClaim:
    """A statement of the estimate that is not a line."""

    id: str  # its name
    text: str  # as the estimate words it
    findings: tuple[AuditFinding, ...]  # what is wrong with it


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEvenTraffic:
    """The traffic at which a change costs as much as it saves."""

    unit: str | None  # service and unit that the traffic is counted in
    quantity: Dollars | None  # units a month; null where there is no such traffic
    times_now: Dollars | None  # the same over the month's own traffic
    pays: str | None  # above or below it
    reason: str | None  # why there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One change to the corrected month, all else as it is."""

    id: str  # its name
    title: str  # in a few words
    before: Dollars  # the corrected month
    after: Dollars | None  # the month with the change; null where it cannot be priced
    saves_usd_per_month: Dollars | None  # before less after
    message: str  # what changes
    confidence: str  # the least sure price it rests on
    assumptions: tuple[str, ...]  # what it takes for granted
    break_even: BreakEvenTraffic | None = None  # null in audits of earlier versions


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedUnit:
    """A billed unit of AWS and what becomes of it at another provider."""

    service: str  # what AWS bills, or what comes on top
    unit: str | None  # by which unit
    fate: str  # moved, gone or kept
    aws: Dollars  # on AWS
    there: Dollars  # at the other provider
    how: str  # what takes its place
    priced: tuple[CostLine, ...]  # what `there` is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewhereMonth:
    """The corrected month at another provider."""

    name: str  # the provider's
    aws: Dollars  # the month on AWS
    there: Dollars  # the month there
    saves_usd_per_month: Dollars  # aws less there
    confidence: str  # the least sure price it rests on
    rows: tuple[MovedUnit, ...]  # unit by unit
    assumptions: tuple[str, ...]  # what it takes for granted


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """An audited estimate."""

    schema_version: int = AUDIT_VERSION  # raised when a reader of the older one would go wrong
    name: str  # the estimate's
    region: str  # whose prices count
    currency: str  # USD
    tolerance: Dollars  # the highest deviation within it, as a share
    deviation: Dollars | None  # |corrected - estimate| / corrected
    within_tolerance: bool  # whether the deviation is known and at most the tolerance
    estimate_total: Dollars  # as the estimate has it
    corrected_total: Dollars | None  # by the best evidence, with what no line has, of what is known
    complete: bool = True  # whether the total holds all; else it is the least that the month costs
    unpriced: tuple[UnpricedPart, ...] = ()  # what it lacks
    totals: Mapping[str, Dollars | None]  # {redis_oss, valkey: the corrected total on that engine}
    fixed_monthly: Dollars | None  # what the architecture holds around the clock
    architecture: tuple[AuditedResource, ...]  # resource by resource
    free: tuple[FreePart, ...] = ()  # what of it AWS does not bill
    lines: tuple[AuditedLine, ...]  # in the estimate's order
    absent: tuple[AbsentItem, ...]  # what no line has
    findings: tuple[AuditFinding, ...]  # on the estimate as a whole
    claims: tuple[AuditedClaim, ...]  # what else it states
    what_ifs: tuple[WhatIf, ...]  # what other terms would save
    elsewhere: tuple[ElsewhereMonth, ...]  # what other providers would cost
    assumptions: tuple[str, ...]  # what the corrected total rests on
    old_prices: tuple[str, ...]  # prices older than the audit allows
    unknown_fields: UnknownFields = field(default=(), repr=False, metadata=ASIDE)
