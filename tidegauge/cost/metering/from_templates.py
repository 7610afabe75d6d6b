"""What the templates of a stack add to a run's requests, where nothing counts it: WAF, edge functions, logs …

The rules are those of the architecture's use (`usage_rules`), here at the figures of the run's window.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import prod

from tidegauge.cost.architecture.edge_functions import DEFAULT_BEHAVIOUR, SIDES, behaviour_name
from tidegauge.cost.architecture.resources import Resource, find_resources
from tidegauge.cost.architecture.usage import Figures, Use
from tidegauge.cost.architecture.usage_rules import find_uses
from tidegauge.cost.metering.client_traffic import FETCHED, ClientRequests
from tidegauge.cost.metering.load_balancer import CONNECTIONS_PER_S, RULE, lcus
from tidegauge.cost.metering.spread import cut
from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.usage import UnknownUsage, UsageItem
from tidegauge.cost.words import GB
from tidegauge.stack import PerRequest

SECONDS_PER_HOUR = 3600
MS = "edge_function_ms"
ENDPOINT = "AWS::EC2::VPCEndpoint"
# The parts that [per_request] of the stack file switches, by the services and units that they are billed by.
PARTS: Mapping[str, Collection[tuple[str, str]]] = {
    "waf": (("waf", "request"),),
    "edge_functions": (
        ("lambda_edge", "request"),
        ("lambda_edge", "gb_second"),
        ("cloudfront", "function_invocation"),
    ),
    "origin_shield": (("cloudfront", "origin_shield_request"),),
    "load_balancer": (("alb", "lcu_hour"),),
    "logs": (("cloudwatch", "log_ingested_byte"),),
    "nat": (("nat", "processed_byte"),),
}
GATEWAY_UNITS = ("http_request", "rest_request")
ESTIMATED = frozenset(unit for units in PARTS.values() for unit in units)
Names = Mapping[str, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A stack's templates ({path: text}), and how much of what they add to a request is wanted."""

    templates: Mapping[str, str]
    per_request: PerRequest
    connections: Mapping[str, int]  # new ones straight to the API, by flow


@dataclass(frozen=True, slots=True, kw_only=True)
class FromTemplates:
    """Usage that templates tell of; `units` are all that they are billed by use for."""

    items: tuple[UsageItem, ...]
    unknown: tuple[UnknownUsage, ...]
    notes: tuple[str, ...]
    units: frozenset[tuple[str, str]]


def usage_from_templates(
    client: Sequence[ClientRequests],
    architecture: Architecture,
    *,
    region: str,
    window_s: float,
    metered: Collection[tuple[str, str]] = (),
) -> FromTemplates:
    """What the window's requests add by flow; `metered` units are known better and left out."""
    hours = Fraction(Decimal(str(window_s))) / SECONDS_PER_HOUR
    resources = find_resources(architecture.templates, {}, region)[0]
    flows = _figures(client, architecture, resources, hours)
    whole = _together(flows.values())
    wanted = architecture.per_request
    whole[MS] = Fraction(str(wanted.edge_function_ms))
    uses = find_uses(architecture.templates, Figures(names=whole, hours=hours), region=region)
    own = [use for use in uses if (use.service, use.unit) in ESTIMATED - set(metered)]
    kept = [use for use in own if getattr(wanted, _part(use)) and not use.needs]
    return FromTemplates(
        items=tuple(item for use in kept for item in _by_flow(use, flows, whole)),
        unknown=tuple(_left_out(use) for use in own if use not in kept),
        notes=tuple(_notes(kept, wanted)),
        units=frozenset((use.service, use.unit) for use in uses),
    )


def gateway_unit(told: FromTemplates | None) -> str | None:
    """The unit that API Gateway bills a request of the API by: an HTTP API's where no templates say which."""
    if told is None:
        return GATEWAY_UNITS[0]
    return next((unit for unit in GATEWAY_UNITS if ("apigateway", unit) in told.units), None)


def without_estimates(items: Sequence[UsageItem]) -> tuple[UsageItem, ...]:
    """Items less those that templates told of."""
    return tuple(
        item for item in items if item.provenance != "estimated" or (item.service, item.unit) not in ESTIMATED
    )


def _figures(
    client: Sequence[ClientRequests],
    architecture: Architecture,
    resources: Sequence[Resource],
    hours: Fraction,
) -> dict[str, dict[str, Fraction]]:
    """The figures of each flow's window, by the names that the rules of use know."""
    wanted = architecture.per_request
    log_bytes, nat_bytes = Fraction(str(wanted.log_bytes)), Fraction(str(wanted.nat_bytes))
    through_nat = nat_bytes + (0 if _has_endpoint(resources, "logs") else log_bytes)
    reads_uploads = not _has_endpoint(resources, "s3")
    flows: dict[str, dict[str, Fraction]] = {}
    for flow in dict.fromkeys(row.flow for row in client):
        rows = [row for row in client if row.flow == flow]
        api = _requests(row for row in rows if row.reaches_api)
        uploads = sum(row.sent_bytes for row in rows if row.is_upload) if reads_uploads else 0
        flows[flow] = {
            "edge_requests_per_month": _requests(row for row in rows if row.base == "cdn"),
            "origin_requests_per_month": _requests(row for row in rows if _reaches_origin(row)),
            "api_requests_per_month": api,
            "log_gb_per_month": api * log_bytes / GB,
            "nat_gb_per_month": (api * through_nat + uploads) / GB,
            **(_of_behaviours(rows) if any(row.behaviour for row in client) else {}),
        }
    total_api = sum((names["api_requests_per_month"] for names in flows.values()), Fraction(0))
    balancer = lcus(client, 0 if _has_gateway(resources) else sum(architecture.connections.values()), hours)
    for names in flows.values():
        share = names["api_requests_per_month"] / total_api if total_api else Fraction(0)
        names["load_balancer_lcu"] = balancer * share
    return flows


def _of_behaviours(rows: Sequence[ClientRequests]) -> dict[str, Fraction]:
    """Requests of each cache behaviour; those of none that the stack file names are the default one's."""
    found: dict[str, Fraction] = {}
    for row in rows:
        if row.base == "cdn":
            pattern = behaviour_name(row.behaviour or DEFAULT_BEHAVIOUR)
            for side, (_, prefix) in SIDES.items():
                reached = side == "viewer" or _reaches_origin(row)
                name = prefix + pattern
                found[name] = found.get(name, Fraction(0)) + (row.requests if reached else 0)
    return found


def _together(flows: Collection[Names]) -> dict[str, Fraction]:
    names = dict.fromkeys(name for each in flows for name in each)
    return {name: sum((each.get(name, Fraction(0)) for each in flows), Fraction(0)) for name in names}


def _by_flow(use: Use, flows: Mapping[str, Names], whole: Names) -> Iterator[UsageItem]:
    """A use's units by flow: each has its share of the figures that the use asks for."""
    for flow, names in flows.items():
        shares = (_share(name, names, whole) for name in use.figures)
        quantity = cut((use.quantity or Fraction(0)) * prod(shares, start=Fraction(1)))
        if quantity:
            yield UsageItem(
                flow=flow,
                service=use.service,
                unit=use.unit,
                attributes=use.attributes,
                quantity=to_decimal(quantity),
                provenance="estimated",
            )


def _share(name: str, own: Names, whole: Names) -> Fraction:
    """A flow's share of a figure; of a behaviour that only the templates name it has one as of all."""
    if name == MS:
        return Fraction(1)
    for total, prefix in SIDES.values():
        if name not in whole and name.startswith(prefix):
            name = total
    return own.get(name, Fraction(0)) / whole[name] if whole.get(name) else Fraction(0)


def _left_out(use: Use) -> UnknownUsage:
    reason = f"left out by the stack file: [per_request] {_part(use)} = false"
    if use.needs:
        reason = f"the run does not tell {', '.join(use.needs)}: name each [[behaviour]] in the stack file"
    return UnknownUsage(flow=None, service=use.service, unit=use.unit, reason=reason, blocking=False)


def _part(use: Use) -> str:
    return next(part for part, units in PARTS.items() if (use.service, use.unit) in units)


def _notes(uses: Sequence[Use], wanted: PerRequest) -> Iterator[str]:
    """What the estimates rest on."""
    parts = {_part(use) for use in uses}
    if parts:
        yield (
            f"estimated by the templates: {', '.join(part for part in PARTS if part in parts)}; "
            "[per_request] of the stack file changes it"
        )
    if any(use.unit == "gb_second" for use in uses):
        yield f"assumption: a call of an edge function lasts {wanted.edge_function_ms:g} ms"
    if "logs" in parts:
        yield f"assumption: the API logs {wanted.log_bytes:g} bytes a request"
    if "nat" in parts:
        yield (
            f"assumption: log lines, each upload once and {wanted.nat_bytes:g} bytes more an API request "
            "pass the NAT gateways, but for what endpoints of S3 and logs take"
        )
    if "load_balancer" in parts:
        yield f"assumption: {RULE} ({text(CONNECTIONS_PER_S)} new connections a second an LCU: unverified)"


def _requests(rows: Iterator[ClientRequests]) -> Fraction:
    return Fraction(sum(row.requests for row in rows))


def _reaches_origin(row: ClientRequests) -> bool:
    return row.base == "cdn" and (row.reaches_api or row.cache in FETCHED)


def _has_endpoint(resources: Sequence[Resource], service: str) -> bool:
    """Whether a VPC endpoint keeps traffic to an AWS service off the NAT gateways."""
    return any(
        each.type == ENDPOINT
        and each.may_be_deployed
        and each.label("ServiceName", "").endswith(f".{service}")
        for each in resources
    )


def _has_gateway(resources: Sequence[Resource]) -> bool:
    """Whether clients' connections end before the load balancer."""
    return any(
        each.type.startswith(("AWS::ApiGateway", "AWS::Serverless::Api", "AWS::Serverless::HttpApi"))
        for each in resources
    )
