"""What-ifs of the way to the viewer: edge functions as CloudFront Functions, and price classes."""

from __future__ import annotations

from collections.abc import Iterator

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.month import Month, some, with_attribute
from tidegauge.cost.what_if.traffic import of_units, with_items
from tidegauge.cost.words import count
from tidegauge.dollars import usd

# CloudFront's documentation on price classes: the edge locations that each one leaves out.
LEFT_OUT = {"100": ("za", "sa", "jp", "au", "ap", "in"), "200": ("sa", "au")}
INSTEAD = "us"
ABROAD = {
    "za": "South Africa, Kenya and the Middle East",
    "sa": "South America",
    "jp": "Japan",
    "au": "Australia and New Zealand",
    "ap": "the rest of Asia",
    "in": "India",
}


def edge_functions(month: Month) -> Iterator[Change]:
    """Lambda@Edge's functions as CloudFront Functions, call by call."""
    calls = month.quantity("lambda_edge", "request")
    if not calls:
        return
    is_edge = of_units("lambda_edge", "request", "gb_second")
    after = (*month.without(is_edge), some("cloudfront", "function_invocation", calls))
    is_call = of_units("cloudfront", "function_invocation")
    yield Change(
        id="edge_functions",
        title="Lambda@Edge moved to CloudFront Functions",
        items=after,
        message=f"{count(calls)} calls at {_a_million(month, 'cloudfront', 'function_invocation')} a million "
        f"instead of {_a_million(month, 'lambda_edge', 'request')}, and no GB-seconds",
        assumptions=(
            "all calls are of viewer events, need no network, body or VPC, and take less than 1 ms of CPU",
        ),
        traffic=with_items(
            month, after, "lambda_edge request", calls, lambda item: is_edge(item) or is_call(item)
        ),
    )


def price_classes(month: Month) -> Iterator[Change]:
    """The cheaper price classes, served from the US where an edge is left out; the month as it is has all."""
    is_edge = of_units("cloudfront", "egress_byte", "http_request", "https_request", "origin_transfer_byte")
    edge = [item for item in month.usage.items if is_edge(item)]
    for name, left_out in LEFT_OUT.items() if edge else ():
        geos = [geo for geo in left_out if any(_geo(item) == geo for item in edge)]

        def moved(_at: int, item: UsageItem, left_out: tuple[str, ...] = left_out) -> UsageItem:
            out = is_edge(item) and _geo(item) in left_out
            return with_attribute(item, "geo", INSTEAD) if out else item

        after = month.changed(moved)
        requests = month.quantity("cloudfront", "http_request", "https_request")
        where = ", ".join(ABROAD[geo] for geo in geos)
        yield Change(
            id=f"price_class_{name}",
            title=f"CloudFront's price class {name}",
            items=after,
            message=f"viewers of {where} are served from elsewhere, with more delay"
            if geos
            else "no traffic is of an edge that it leaves out: give usage by geo where there is any",
            assumptions=("what moves is billed as from the US",) if geos else (),
            traffic=with_items(
                month,
                after,
                "cloudfront request" if requests else "cloudfront egress_byte",
                requests or month.quantity("cloudfront", "egress_byte"),
                is_edge,
            ),
            no_break_even="the month has no traffic",
        )


def _a_million(month: Month, service: str, unit: str) -> str:
    price = month.list_price(service, unit)
    return "an unknown price" if price is None else usd(price * 10**6)


def _geo(item: UsageItem) -> str:
    return dict(item.attributes).get("geo", "")
