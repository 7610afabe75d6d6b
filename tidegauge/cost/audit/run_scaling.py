"""A run's usage at the scale of a scenario's month: by sessions of each flow, shared usage by time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from tidegauge.cost.architecture.edge_functions import DEFAULT_BEHAVIOUR, SIDES, behaviour_name
from tidegauge.cost.audit.estimate import Estimate
from tidegauge.cost.audit.month_items import SECONDS_PER_HOUR
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.bill import add_up
from tidegauge.cost.metering.client_traffic import FETCHED
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import Usage, UsageItem
from tidegauge.cost.words import GB, count

MEASURED = (  # (a name of usage_rules.NAMES, service, units that add up to it, units in one)
    ("edge_requests_per_month", "cloudfront", ("http_request", "https_request"), 1),
    ("edge_gb_per_month", "cloudfront", ("egress_byte",), GB),
    ("api_requests_per_month", "apigateway", ("http_request",), 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledRun:
    """A month of what a run measured; flows that cannot be scaled are left out and said."""

    month: Usage
    findings: tuple[Finding, ...]


def scale_run(usage: Usage, sessions: Mapping[str, int], estimate: Estimate, book: PriceBook) -> ScaledRun:
    """`usage` of a window with `sessions` a flow, as a month with the estimate's sessions a flow."""
    month_s = Fraction(book.hours_per_month) * SECONDS_PER_HOUR
    by_time = month_s / Fraction(usage.window_s)
    findings = []
    factors: dict[str | None, Fraction] = {None: by_time}
    for flow, name in estimate.flows.items():
        if sessions.get(flow):
            factors[flow] = estimate.names[name] / sessions[flow]
            wanted = f"{count(estimate.names[name])} {name}"
            message = f"flow {flow}: {wanted} from {sessions[flow]:,} sessions of the run"
            findings.append(Finding(code="scaled", message=message))
        else:
            message = (
                f"the run has no session of flow {flow}, so its {name} are not held against a measurement"
            )
            findings.append(Finding(code="not_measured", message=message))
    for flow in sorted({item.flow for item in usage.items if item.flow} - set(factors)):
        message = (
            f"the run's flow {flow} is left out: [scenario.flows] does not say how many sessions a month has"
        )
        findings.append(Finding(code="not_scaled", message=message))
    items = tuple(_scaled(item, factors[item.flow]) for item in usage.items if item.flow in factors)
    month = replace(usage, window_s=to_decimal(month_s), items=items)
    return ScaledRun(month=_without_flows(month), findings=tuple(findings))


def measured_names(month: Usage) -> dict[str, Fraction]:
    """The scenario's figures that the scaled run knows better, by the names that rules ask for."""
    sums: dict[str, Fraction] = {}
    for item in month.items:
        for name, service, units, per in MEASURED:
            if item.service == service and item.unit in units:
                sums[name] = sums.get(name, Fraction(0)) + Fraction(item.quantity) / per
    return sums | _behaviour_sums(month)


def _behaviour_sums(month: Usage) -> dict[str, Fraction]:
    """Requests of each cache behaviour, where the run's stack names them; the rest are the default one's."""
    edge = [(dict(item.attributes), item) for item in month.items if _is_edge_request(item)]
    sums: dict[str, Fraction] = {}
    for attributes, item in edge if any("behaviour" in attributes for attributes, _ in edge) else ():
        pattern = behaviour_name(attributes.get("behaviour", DEFAULT_BEHAVIOUR))
        for side, (_, prefix) in SIDES.items():
            if side == "viewer" or attributes.get("cache") in FETCHED:
                name = prefix + pattern
                sums[name] = sums.get(name, Fraction(0)) + Fraction(item.quantity)
    return sums


def _is_edge_request(item: UsageItem) -> bool:
    return item.service == "cloudfront" and item.unit in ("http_request", "https_request")


def _scaled(item: UsageItem, factor: Fraction) -> UsageItem:
    return replace(item, quantity=to_decimal(Fraction(item.quantity) * factor))


def _without_flows(month: Usage) -> Usage:
    """Items of several flows as one, but for task seconds, which a line may claim by their flow."""
    tasks = tuple(item for item in month.items if item.service == "fargate")
    others = tuple(replace(item, flow=None) for item in month.items if item.service != "fargate")
    return replace(month, items=(*add_up([replace(month, items=others)]).items, *tasks))
