"""States of CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidegauge.errors import TidegaugeError


def fetch_alarms(client: Any, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """DescribeAlarms' pages for metric and composite alarms.

    `client` is boto3's of CloudWatch; its errors are the caller's to name.
    """
    return list(
        client.get_paginator("describe_alarms").paginate(
            AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
    )


def parse_alarm_states(pages: Iterable[Mapping[str, Any]], names: Sequence[str]) -> dict[str, str]:
    """{name: OK, ALARM or INSUFFICIENT_DATA} of each of `names` (exit 2 where one is missing)."""
    found = {
        alarm["AlarmName"]: str(alarm["StateValue"])
        for page in pages
        for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
    }
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise TidegaugeError(
            f"there is no CloudWatch alarm '{missing:.100}' in this account and region",
            "check [guards] alarms, the region in the stack file's [aws], and AWS_PROFILE",
        )
    return {name: found[name] for name in names}
