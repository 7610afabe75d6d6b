"""What-ifs of the way out of the VPC: endpoints against NAT gateways."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.month import GB, Month, some
from tidegauge.cost.what_if.traffic import between, with_items
from tidegauge.cost.words import count
from tidegauge.dollars import usd

SERVICES = Fraction(5)  # ECR (two endpoints), logs, secrets, queues: what Fargate tasks of this stack call
NAT = ("gateway_hour", "processed_byte")


def gateway_endpoint(month: Month) -> Iterator[Change]:
    """A gateway endpoint for S3: free, and its bytes no longer pass the NAT gateways."""
    if not month.has("nat"):
        return
    price = month.list_price("nat", "processed_byte")
    each = "an unknown price" if price is None else usd(price * 1024 * GB)
    title, message = (
        "A gateway endpoint for S3",
        f"S3 through NAT costs {each} a TB, a gateway endpoint nothing",
    )
    passed = month.quantity("nat", "processed_byte")
    if not passed:
        none = "how much passes is not known: give nat_gb_per_month"
        yield Change(
            id="s3_endpoint", title=title, items=None, message=f"{message}; {none}", no_break_even=none
        )
        return
    share = month.notes.get("s3_share_of_nat", Fraction(1))
    factor = 1 - share
    rest = month.without(_is_passed)
    kept = (some("nat", "processed_byte", passed * factor),) if factor else ()
    yield Change(
        id="s3_endpoint",
        title=title,
        items=(*rest, *kept),
        message=message,
        traffic=with_items(month, (*rest, *kept), "nat processed_byte", passed, _is_passed),
        assumptions=(f"{float(share):.0%} of what passes NAT is S3's (s3_share_of_nat)",),
    )


def interface_endpoints(month: Month) -> Iterator[Change]:
    """Interface endpoints in place of NAT gateways, one a service and zone."""
    gateways = month.quantity("nat", "gateway_hour") / Fraction(month.book.hours_per_month)
    if not gateways:
        return
    services = month.notes.get("interface_endpoints", SERVICES)
    hours = services * gateways * Fraction(month.book.hours_per_month)
    passed = month.quantity("nat", "processed_byte")
    rest = month.without(lambda item: item.service == "nat" and item.unit in NAT)
    bytes_ = (some("vpc", "interface_endpoint_byte", passed),) if passed else ()
    held = (*rest, some("vpc", "interface_endpoint_hour", hours))
    yield Change(
        id="interface_endpoints",
        title="Interface endpoints in place of NAT gateways",
        items=(*held, *bytes_),
        message=f"{count(services)} services in {count(gateways)} zones",
        traffic=between(
            month,
            unit="nat processed_byte",
            now=passed,
            before=lambda bytes_: (*month.without(_is_passed), some("nat", "processed_byte", bytes_)),
            after=lambda bytes_: (*held, some("vpc", "interface_endpoint_byte", bytes_)),
        ),
        assumptions=(
            "tasks call only AWS services that have endpoints; S3 and DynamoDB have gateway endpoints",
            "NAT gateways' public addresses are still in the figure",
        ),
    )


def _is_passed(item: UsageItem) -> bool:
    return (item.service, item.unit) == ("nat", "processed_byte")
