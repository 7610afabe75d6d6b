"""What if the cache were Valkey?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.month import Month, with_attribute
from tidegauge.cost.what_if.traffic import of_units, with_items


def on_valkey(month: Month) -> Iterator[Change]:
    """The same nodes with Valkey in place of Redis OSS."""

    def moved(_at: int, item: UsageItem) -> UsageItem:
        return with_attribute(item, "engine", "valkey") if _is_redis(item) else item

    if any(_is_redis(item) for item in month.usage.items):
        after = month.changed(moved)
        hours = sum((Fraction(item.quantity) for item in month.usage.items if _is_redis(item)), Fraction(0))
        yield Change(
            id="valkey",
            title="Valkey in place of Redis OSS",
            items=after,
            message="the same node types and numbers; Valkey takes Redis OSS 7.2's commands",
            traffic=with_items(
                month, after, "elasticache node_hour", hours, of_units("elasticache", "node_hour")
            ),
            no_break_even="no node runs",
        )


def _is_redis(item: UsageItem) -> bool:
    return (item.service, item.unit) == ("elasticache", "node_hour") and dict(item.attributes).get(
        "engine"
    ) == "redis"
