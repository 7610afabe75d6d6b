"""What CloudWatch bills for alarms: each metric that an alarm watches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.property_values import entry, entry_text, mappings, whole
from tidegauge.cost.architecture.resources import Holding, Resource
from tidegauge.cost.architecture.unknown import Unresolvable

HIGH_RESOLUTION_BELOW_S = 60
BAND_METRICS = 3  # anomaly detection: the metric, and the upper and lower bound of its band
PREDEFINED = {"dynamodb": 4}  # alarms of a target tracking policy; two of them elsewhere
TRACKING = ("TargetTrackingScalingPolicyConfiguration", "TargetTrackingConfiguration")


def hold_alarm(resource: Resource) -> Iterator[Holding]:
    """The alarm's metrics; below 60 s it is a high-resolution one.

    https://aws.amazon.com/cloudwatch/pricing/
    """
    metrics = mappings(resource.get("Metrics"), "Metrics")
    periods = [resource.get("Period"), *(entry(metric, "MetricStat").get("Period") for metric in metrics)]
    shortest = min((whole(period, "Period") for period in periods if period is not None), default=None)
    is_high = shortest is not None and shortest < HIGH_RESOLUTION_BELOW_S
    number = _number(metrics)
    yield Holding(
        service="cloudwatch",
        unit="alarm_month",
        quantity=Fraction(number),
        attributes={"resolution": "high" if is_high else "standard"},
        how=f"{number} metrics of the alarm" if number > 1 else "",
    )


def _number(metrics: list[Mapping[str, Any]]) -> int:
    """How many metrics an alarm watches; without a list of them, one."""
    expressions = [entry_text(metric, "Expression", "") for metric in metrics]
    if any(each.strip().upper().startswith("SELECT") or "SEARCH(" in each.upper() for each in expressions):
        raise Unresolvable("its query decides how many metrics it watches")
    watched = sum(1 for metric in metrics if "MetricStat" in metric)
    is_band = any("ANOMALY_DETECTION_BAND" in each.upper() for each in expressions)
    return max(watched, 1) - 1 + BAND_METRICS if is_band else max(watched, 1)


def hold_policy_alarms(resource: Resource) -> Iterator[Holding]:
    """The alarms that a target tracking policy makes for itself."""
    if not any(name in resource.properties for name in TRACKING):
        return
    namespace = resource.label("ServiceNamespace", "")
    target = resource.named(resource.get("ScalingTargetId"), "AWS::ApplicationAutoScaling::ScalableTarget")
    if target is not None:
        namespace = target.label("ServiceNamespace", "")
    number = PREDEFINED.get(namespace, 2)
    yield Holding(
        service="cloudwatch",
        unit="alarm_month",
        quantity=Fraction(number),
        attributes={"resolution": "standard"},
        how=f"{number} alarms that the target tracking policy makes",
        assumption="a target tracking policy makes 2 alarms (4 for DynamoDB), each billed as any other",
    )
