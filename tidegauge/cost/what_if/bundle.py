"""What if CloudFront's security savings bundle paid for the edge?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.what_if.change import Change, Traffic
from tidegauge.cost.what_if.commitments import Commitments
from tidegauge.cost.what_if.month import Month
from tidegauge.cost.what_if.savings import basis
from tidegauge.cost.what_if.traffic import Items, of_units
from tidegauge.dollars import usd

BUNDLED = (  # CloudFront's charges that the bundle pays for; functions are not among them
    "egress_byte",
    "origin_transfer_byte",
    "http_request",
    "https_request",
    "origin_shield_request",
    "invalidation_path",
    "dedicated_ip_certificate_month",
)
WAF_CREDIT = Fraction(1, 10)  # of the commitment
_is_bundled = of_units("cloudfront", *BUNDLED)
_is_filtered = of_units("waf", "request")


def cloudfront_bundle(month: Month, terms: Commitments) -> Iterator[Change]:
    """A year's commitment of the size that today's traffic needs, with its credit for WAF requests."""
    rate = terms.rate("cloudfront_bundle", "cloudfront")
    if not any(_is_bundled(item) for item in month.usage.items):
        return
    spent, filtered = _spent(month, month.usage.items)
    title = "CloudFront's security savings bundle, for one year"
    if not spent:
        none = "free units cover CloudFront's part of the month: there is nothing to commit to"
        yield Change(id=rate.id, title=title, items=None, message=none, no_break_even=none)
        return
    paid = spent * Fraction(rate.factor)
    credit = min(paid * WAF_CREDIT, filtered)
    yield Change(
        id=rate.id,
        title=title,
        items=month.usage.items,
        extra=paid - spent - credit,
        message=f"{usd(paid)} a month pays for {usd(spent)} of CloudFront and {usd(credit)} of WAF requests",
        confidence=rate.confidence,
        assumptions=(basis(rate), "functions and Lambda@Edge are not covered; no private pricing applies"),
        traffic=_traffic(month, paid, spent),
    )


def _traffic(month: Month, paid: Fraction, covered: Fraction) -> Traffic:
    requests = month.quantity("cloudfront", "http_request", "https_request")
    now = requests or month.quantity("cloudfront", "egress_byte") or Fraction(1)

    def difference(units: Fraction) -> Fraction:
        grown = month.grown(units / now, lambda item: _is_bundled(item) or _is_filtered(item))
        spent, filtered = _spent(month, grown)
        return paid - min(spent, covered) - min(filtered, paid * WAF_CREDIT)

    return Traffic(
        unit="cloudfront request" if requests else "cloudfront egress_byte", now=now, difference=difference
    )


def _spent(month: Month, items: Items) -> tuple[Fraction, Fraction]:
    """USD of (what the bundle covers of CloudFront, WAF's requests) in a month of these items."""
    spent = [Fraction(0), Fraction(0)]
    for line in month.lines(items):
        for at, counts in enumerate((_is_bundled, _is_filtered)):
            spent[at] += line.amount_exact if counts(line.item) else 0
    return spent[0], spent[1]
