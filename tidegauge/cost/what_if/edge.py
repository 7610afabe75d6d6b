"""What-ifs at the edge: flat-rate plans, and a hit ratio five points higher or lower."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Change, Traffic
from tidegauge.cost.what_if.flat_rates import Allowance, FlatRates
from tidegauge.cost.what_if.month import GB, Month, some, times
from tidegauge.cost.what_if.traffic import Items, between, of_units, with_items
from tidegauge.cost.words import count

REQUESTS = ("http_request", "https_request")
COVERED = (*REQUESTS, "egress_byte")
POINTS = Fraction(5, 100)
FREE_WAY = "S3 to CloudFront is free of charge, so only the origin's requests change"


def flat_rate_plans(month: Month, terms: FlatRates) -> Iterator[Change]:
    """Each of CloudFront's flat-rate plans, at the lowest level that fits, in place of pay-as-you-go."""
    requests = month.quantity("cloudfront", *REQUESTS)
    gigabytes = month.quantity("cloudfront", "egress_byte") / GB
    if not requests and not gigabytes:
        return
    traffic = f"{count(requests)} requests and {count(gigabytes, 4)} GB"
    for name, levels in terms.plans.items():
        level = next((each for each in levels if each.fits(requests, gigabytes)), None)
        shown = level or levels[-1]
        yield Change(
            id=f"plan_{name}",
            title=f"CloudFront's flat-rate plan {name.capitalize()}",
            items=None if level is None else _on_plan(month, terms, level),
            message=_too_small(traffic, shown)
            if level is None
            else _fitting(month, terms, traffic, level, levels),
            confidence="M",
            assumptions=()
            if level is None
            else ("one distribution; traffic above the allowance is throttled, not billed",),
            traffic=_plan_traffic(month, terms, shown, requests, gigabytes),
        )


def _too_small(traffic: str, most: Allowance) -> str:
    limits = f"{count(Fraction(most.requests))} requests and {count(Fraction(most.gb))} GB"
    return f"{traffic} do not fit: {limits} a month, above which it is throttled"


def _fitting(
    month: Month, terms: FlatRates, traffic: str, level: Allowance, levels: Sequence[Allowance]
) -> str:
    message = f"{traffic} fit; {', '.join(terms.includes)} are included"
    if level != levels[0]:
        size = f"{count(Fraction(level.requests))} requests and {count(Fraction(level.gb) / 1024)} TB"
        message = f"{message}; at its usage level of {size}"
    gone = [what for service, what in terms.excludes.items() if month.has(service)]
    if gone:
        message += f"; a plan has no {', '.join(gone)}: that must go first, its cost is still in the figure"
    return message


def _on_plan(month: Month, terms: FlatRates, level: Allowance) -> Items:
    rest = month.without(lambda item: _is_in_plan(item, terms))
    return (*rest, some("cloudfront", "plan_month", Fraction(1), plan=level.price))


def _plan_traffic(
    month: Month, terms: FlatRates, level: Allowance, requests: Fraction, gigabytes: Fraction
) -> Traffic:
    """What the plan replaces, with as many requests and bytes, up to what the level holds."""
    now, unit = (requests, "cloudfront request") if requests else (gigabytes * GB, "cloudfront egress_byte")
    limits = [Fraction(level.requests) / requests] if requests else []
    limits += [Fraction(level.gb) / gigabytes] if gigabytes else []
    found = between(
        month,
        unit=unit,
        now=now,
        before=lambda units: month.grown(units / now, lambda item: _grows(item, terms)),
        after=lambda _units: _on_plan(month, terms, level),
    )
    return replace(found, at_most=now * min(limits))


def _is_in_plan(item: UsageItem, terms: FlatRates) -> bool:
    is_traffic = item.service == "cloudfront" and item.unit in COVERED
    return is_traffic or item.service in terms.includes


def _grows(item: UsageItem, terms: FlatRates) -> bool:
    return _is_in_plan(item, terms) and not item.unit.endswith("_month")


def hit_ratio(month: Month) -> Iterator[Change]:
    """Five points more or less of the edge's requests answered without the origin, as far as they go."""
    edge = month.quantity("cloudfront", *REQUESTS)
    gets = month.quantity("s3", "get_request")
    if not edge:
        return
    now, assumption = _hit_ratio(month, edge, gets)
    for sign, word in ((1, "higher"), (-1, "lower")):
        name = f"hit_ratio_{word}"
        if not gets:
            message = "the month has no S3 GETs, so what reaches the origin is not known"
            title = f"A hit ratio {_points(POINTS)} points {word}"
            yield Change(id=name, title=title, items=None, message=message, no_break_even=message)
            continue
        # Neither can the ratio leave 0 to 1, nor can more GETs fall away than there are.
        then = min(max(now + sign * POINTS, Fraction(0)), Fraction(1), now + gets / edge)
        items = month.changed(
            lambda _at, item, factor=1 - (then - now) * edge / gets: (  # type: ignore[misc]
                times(item, factor) if _is_get(item) else item
            )
        )
        yield Change(
            id=name,
            title=f"A hit ratio {_points(abs(then - now))} points {word}",
            items=items,
            message=f"from {float(now):.1%} to {float(then):.1%}{_cut(then, now)}: "
            f"{count(abs(then - now) * edge)} origin GETs; {FREE_WAY}",
            assumptions=(assumption,),
            traffic=with_items(
                month, items, "cloudfront request", edge, lambda item: _is_get(item) or _is_edge(item)
            ),
        )


def _points(share: Fraction) -> str:
    return f"{float(share * 100):.3g}"


def _cut(then: Fraction, now: Fraction) -> str:
    """What was applied of the points that were asked for, where they are not the same."""
    applied = abs(then - now)
    if applied == POINTS:
        return ""
    limit = "no more reaches the origin" if 0 < then < 1 else f"{float(then):.0%} is the limit"
    return f" ({_points(applied)} of {_points(POINTS)} points, as {limit})"


_is_get = of_units("s3", "get_request")
_is_edge = of_units("cloudfront", *REQUESTS)


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
