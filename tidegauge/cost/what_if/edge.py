"""What-ifs at the edge: flat-rate plans, and a hit ratio five points higher or lower."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.flat_rates import FlatRates
from tidegauge.cost.what_if.month import GB, Month, some, times
from tidegauge.cost.words import count

REQUESTS = ("http_request", "https_request")
COVERED = (*REQUESTS, "egress_byte")
POINTS = Fraction(5, 100)


def flat_rate_plans(month: Month, terms: FlatRates) -> Iterator[Change]:
    """Each of CloudFront's flat-rate plans in place of its pay-as-you-go lines."""
    requests = month.quantity("cloudfront", *REQUESTS)
    gigabytes = month.quantity("cloudfront", "egress_byte") / GB
    if not requests and not gigabytes:
        return
    for name, allowance in terms.plans.items():
        title = f"CloudFront's flat-rate plan {name.capitalize()}"
        traffic = f"{count(requests)} requests and {count(gigabytes, 4)} GB"
        fits = requests <= Fraction(allowance.requests) and gigabytes <= Fraction(allowance.gb)
        if not fits:
            limits = f"{count(Fraction(allowance.requests))} requests and {count(Fraction(allowance.gb))} GB"
            message = f"{traffic} do not fit: {limits} a month, above which it is throttled"
            yield Change(id=f"plan_{name}", title=title, items=None, message=message, confidence="M")
            continue
        rest = month.without(lambda item: _is_in_plan(item, terms))
        items = (*rest, some("cloudfront", "plan_month", Fraction(1), plan=name))
        message = f"{traffic} fit; {', '.join(terms.includes)} are included"
        gone = [what for service, what in terms.excludes.items() if month.has(service)]
        if gone:
            message += (
                f"; a plan has no {', '.join(gone)}: that must go first, its cost is still in the figure"
            )
        yield Change(
            id=f"plan_{name}",
            title=title,
            items=items,
            message=message,
            confidence="M",
            assumptions=("one distribution; traffic above the allowance is throttled, not billed",),
        )


def _is_in_plan(item: UsageItem, terms: FlatRates) -> bool:
    is_traffic = item.service == "cloudfront" and item.unit in COVERED
    return is_traffic or item.service in terms.includes


def hit_ratio(month: Month) -> Iterator[Change]:
    """Five points more or less of the edge's requests answered without the origin."""
    edge = month.quantity("cloudfront", *REQUESTS)
    gets = month.quantity("s3", "get_request")
    if not edge:
        return
    now, assumption = _hit_ratio(month, edge, gets)
    for sign, word in ((1, "higher"), (-1, "lower")):
        title = f"A hit ratio 5 points {word}"
        then = min(max(now + sign * POINTS, Fraction(0)), Fraction(1))
        moved = (then - now) * edge
        if not gets:
            message = "the month has no S3 GETs, so what reaches the origin is not known"
            yield Change(id=f"hit_ratio_{word}", title=title, items=None, message=message)
            continue
        factor = max(1 - moved / gets, Fraction(0))
        items = month.changed(
            lambda _at, item, factor=factor: (  # type: ignore[misc]
                times(item, factor) if (item.service, item.unit) == ("s3", "get_request") else item
            )
        )
        each = "S3 to CloudFront is free of charge, so only the origin's requests change"
        yield Change(
            id=f"hit_ratio_{word}",
            title=title,
            items=items,
            message=f"from {float(now):.1%} to {float(then):.1%}: {count(abs(moved))} origin GETs; {each}",
            assumptions=(assumption,),
        )


def _hit_ratio(month: Month, edge: Fraction, gets: Fraction) -> tuple[Fraction, str]:
    """(the hit ratio, where it is from): a note, the usage's own cache results, or what S3's GETs imply."""
    if "hit_ratio" in month.notes:
        return month.notes["hit_ratio"], "hit ratio as the notes say"
    results = {"hit": Fraction(0), "miss": Fraction(0)}
    for item in month.usage.items:
        result = dict(item.attributes).get("cache")
        if item.service == "cloudfront" and result in results:
            results[result] += Fraction(item.quantity)
    if answered := sum(results.values()):
        now = results["hit"] / answered
        return now, f"hit ratio {float(now):.1%} by the usage's own cache results"
    now = max(1 - gets / edge, Fraction(0))
    return now, f"hit ratio {float(now):.1%}: what {count(gets)} S3 GETs of {count(edge)} edge requests imply"
