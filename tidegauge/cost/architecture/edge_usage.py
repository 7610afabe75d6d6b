"""What distributions and functions are billed for by use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.edge_functions import (
    DEFAULT_BEHAVIOUR,
    Behaviour,
    Triggers,
    behaviour_name,
    group_triggers,
)
from tidegauge.cost.architecture.property_values import entry, entry_text, is_on, mappings, need_of
from tidegauge.cost.architecture.resources import Resource, is_id_of
from tidegauge.cost.architecture.unknown import Unresolvable, names_in
from tidegauge.cost.architecture.usage import GB, Figures, Use
from tidegauge.cost.architecture.usage_names import NAMES

WRITING = {"POST", "PUT", "PATCH"}  # methods whose requests have a body
DISTRIBUTION = "AWS::CloudFront::Distribution"
US = {"geo": "us"}  # the whole traffic at the price of the cheapest edge locations
LAMBDA_MB_DEFAULT = 128  # AWS::Lambda::Function's default


def use_distribution(resource: Resource, figures: Figures) -> Iterator[Use]:
    config = resource.mapping("DistributionConfig")
    behaviours = _behaviours(config)
    policies = {entry_text(each, "ViewerProtocolPolicy", "allow-all") for each in behaviours}
    how = "requests that reach the CDN; "
    how += "some behaviours allow plain HTTP" if "allow-all" in policies else "every behaviour demands HTTPS"
    yield figures.use(resource, "cloudfront.https_request", "edge_requests_per_month", how=how, attributes=US)
    yield figures.use(resource, "cloudfront.egress_byte", "edge_gb_per_month", times=GB, attributes=US)
    shields = [entry(origin, "OriginShield") for origin in mappings(config.get("Origins"), "Origins")]
    if any(is_on(shield.get("Enabled", False), "OriginShield") for shield in shields):
        yield figures.use(resource, "cloudfront.origin_shield_request", "origin_requests_per_month")
    if any(WRITING & {str(method) for method in _methods(each)} for each in behaviours):
        yield figures.use(
            resource, "cloudfront.origin_transfer_byte", "upload_gb_per_month", times=GB, attributes=US
        )
    yield from _functions_at_edge(resource, figures, behaviours)


def _methods(behaviour: Mapping[str, Any]) -> list[Any]:
    """The methods that a behaviour lets through; GET and HEAD where it does not say."""
    methods = need_of(behaviour.get("AllowedMethods", []), "AllowedMethods")
    return methods if isinstance(methods, list) else []


def _functions_at_edge(
    resource: Resource, figures: Figures, behaviours: Sequence[Mapping[str, Any]]
) -> Iterator[Use]:
    """Lambda@Edge is called by the requests of the behaviours that it is on."""
    on = [
        Behaviour(
            pattern=_pattern(each),
            memory_mb={
                entry_text(association, "EventType", ""): _memory_mb(
                    resource, association.get("LambdaFunctionARN")
                )
                for association in _associations(each)
            },
        )
        for each in behaviours
    ]
    figures = figures.of_behaviours([each.pattern for each in on])
    for triggers in group_triggers(on):
        memories = triggers.memories_mb
        how = f"{triggers.said} x {triggers.requests(NAMES)}"
        yield figures.use(resource, "lambda_edge.request", triggers.asked, times=len(memories), how=how)
        each_ms = Fraction(sum(memories), 1024 * 1000)
        how = f"{how} x {NAMES['edge_function_ms']} at {' + '.join(map(str, memories))} MB"
        yield figures.use(
            resource, "lambda_edge.gb_second", triggers.asked, "edge_function_ms", times=each_ms, how=how
        )


def _pattern(behaviour: Mapping[str, Any]) -> str:
    return behaviour_name(entry_text(behaviour, "PathPattern", DEFAULT_BEHAVIOUR))


def _behaviours(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    default = entry(config, "DefaultCacheBehavior")
    return [default, *mappings(config.get("CacheBehaviors"), "CacheBehaviors")]


def _associations(behaviour: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return mappings(behaviour.get("LambdaFunctionAssociations"), "LambdaFunctionAssociations")


def _memory_mb(distribution: Resource, named: Any) -> int:
    """Memory of the function that an association names by itself or by its version."""
    version = distribution.named(named, "AWS::Lambda::Version")
    function = distribution.named(version.get("FunctionName") if version else named, "AWS::Lambda::Function")
    if function is None:
        raise Unresolvable("a function of its associations is in none of the templates")
    return function.count("MemorySize", LAMBDA_MB_DEFAULT)


def use_edge_function(resource: Resource, figures: Figures) -> Iterator[Use]:
    """A CloudFront Function runs at each viewer event that a distribution has it at."""
    found: dict[str, Triggers] = {}  # by the figure that they ask for
    for other in resource.others.of(DISTRIBUTION):
        if other.may_be_deployed:
            on = [_runs_at(each, resource) for each in _behaviours(other.mapping("DistributionConfig"))]
            figures = figures.of_behaviours([each.pattern for each in on])
            for triggers in group_triggers(on):
                found.setdefault(triggers.asked, triggers)
    for triggers in found.values() or [Triggers(side="viewer", pattern=None, memories_mb=(0,))]:
        times = len(triggers.memories_mb)
        how = f"{times} viewer events x {triggers.requests(NAMES)}"
        yield figures.use(resource, "cloudfront.function_invocation", triggers.asked, times=times, how=how)
    if mappings(resource.mapping("FunctionConfig").get("KeyValueStoreAssociations"), "FunctionConfig"):
        yield figures.use(resource, "cloudfront.kvs_read", "key_value_reads_per_month")


def _runs_at(behaviour: Mapping[str, Any], function: Resource) -> Behaviour:
    """The events of a behaviour that a CloudFront Function is at."""
    associations = mappings(behaviour.get("FunctionAssociations"), "FunctionAssociations")
    events = {
        entry_text(each, "EventType", ""): 0
        for each in associations
        if any(is_id_of(name, function.key) for name in names_in(each.get("FunctionARN")))
    }
    return Behaviour(pattern=_pattern(behaviour), memory_mb=events)


def use_function(resource: Resource, figures: Figures) -> Iterator[Use]:
    """A function that is not at the edge, where a distribution is billed for it."""
    if _is_at_edge(resource):
        return
    kinds = resource.items("Architectures")
    arch, stem = ("arm", "lambda_arm") if "arm64" in kinds else ("x86", "lambda")
    of_arch = {"arch": arch}
    yield figures.use(resource, "lambda.request", f"{stem}_requests_per_month", attributes=of_arch)
    yield figures.use(resource, "lambda.gb_second", f"{stem}_gb_seconds_per_month", attributes=of_arch)
    yield figures.use(resource, "cloudwatch.log_ingested_byte", "log_gb_per_month", times=GB)
    if entry_text(resource.mapping("TracingConfig"), "Mode", "PassThrough") == "Active":
        yield figures.use(resource, "xray.trace_recorded", "traces_per_month")


def _is_at_edge(function: Resource) -> bool:
    for other in function.others.of(DISTRIBUTION):
        if other.may_be_deployed:
            for behaviour in _behaviours(other.mapping("DistributionConfig")):
                for each in _associations(behaviour):
                    named = each.get("LambdaFunctionARN")
                    version = function.named(named, "AWS::Lambda::Version")
                    named = version.get("FunctionName") if version else named
                    if any(is_id_of(name, function.key) for name in names_in(named)):
                        return True
    return False
