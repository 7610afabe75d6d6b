"""States of CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidegauge.errors import TidegaugeError


def fetch_alarm_states(client: Any, names: Sequence[str]) -> dict[str, str]:
    """{name: OK, ALARM or INSUFFICIENT_DATA} of metric and composite alarms (exit 2 for one that is missing).

    `client` is boto3's of CloudWatch; its errors are the caller's to name.
    """
    states: dict[str, str] = {}
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    for page in pages:
        for alarm in [*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())]:
            states[alarm["AlarmName"]] = alarm["StateValue"]
    missing = [name for name in names if name not in states]
    if missing:
        raise TidegaugeError(
            f"there is no CloudWatch alarm '{missing[0]:.100}' in this account and region",
            "check [guards] alarms, the region in the stack file's [aws], and AWS_PROFILE",
        )
    return states
