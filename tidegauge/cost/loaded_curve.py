"""Loaded cost over offered load: what the fixed hours weigh at other rates than the measured one.

At r requests a second, 1,000 of them take 1000 / r seconds, and a second carries hourly / 3600 of the fixed
cost: loaded(r) = marginal + hourly x 1000 / (3600 r). Fixed cost is half of it where both terms are equal.
The fixed hours stay what the architecture says: a load that needs more tasks than it names costs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor, log2

from tidegauge.cost.money import text
from tidegauge.cost_record import CurvePoint, LoadedCurve

SECONDS_PER_HOUR = 3600
REQUESTS = 1000  # that the figures are for
DOUBLINGS_BEYOND = 4  # how far the rates go below and above what has to be shown
DOUBLINGS_MAX = 40  # from the measured rate: a factor of 10^12, beyond any stack


def loaded_curve(*, fixed_hourly: Fraction, marginal_per_1k: Fraction, rate_per_s: Fraction) -> LoadedCurve:
    """The curve as summary.json carries it.

    The rates double from point to point, and the measured `rate_per_s` (above 0) is one of them. They reach
    beyond both that one and `half_rate_per_s`, above which fixed cost is less than half of loaded: 0 without
    fixed cost, null where requests cost nothing, so that no rate is high enough.
    """
    half = half_rate_per_s(fixed_hourly, marginal_per_1k)
    return LoadedCurve(
        fixed_hourly=text(fixed_hourly),
        marginal_per_1k_requests=text(marginal_per_1k),
        measured_rate_per_s=float(rate_per_s),
        half_rate_per_s=None if half is None else float(half),
        points=tuple(
            _point(fixed_hourly, marginal_per_1k, rate) for rate in _rates(rate_per_s, half or rate_per_s)
        ),
    )


def half_rate_per_s(fixed_hourly: Fraction, marginal_per_1k: Fraction) -> Fraction | None:
    """Requests a second at which fixed cost is half of loaded; None where there is no such rate."""
    if not fixed_hourly:
        return Fraction(0)
    return fixed_hourly * REQUESTS / (SECONDS_PER_HOUR * marginal_per_1k) if marginal_per_1k else None


def _rates(measured: Fraction, half: Fraction) -> Iterator[Fraction]:
    """Doublings of `measured` from well below both rates to well above them."""
    to_half = floor(log2(half / measured))
    first = max(min(to_half, 0) - DOUBLINGS_BEYOND, -DOUBLINGS_MAX)
    last = min(max(to_half + 1, 0) + DOUBLINGS_BEYOND, DOUBLINGS_MAX)
    return (measured * Fraction(2) ** doublings for doublings in range(first, last + 1))


def _point(fixed_hourly: Fraction, marginal_per_1k: Fraction, rate_per_s: Fraction) -> CurvePoint:
    fixed_per_1k = fixed_hourly * REQUESTS / (SECONDS_PER_HOUR * rate_per_s)
    return CurvePoint(
        rate_per_s=float(rate_per_s),
        marginal_per_1k=text(marginal_per_1k),
        fixed_per_1k=text(fixed_per_1k),
        loaded_per_1k_requests=text(marginal_per_1k + fixed_per_1k),
    )
