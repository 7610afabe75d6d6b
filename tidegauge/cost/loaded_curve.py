"""Loaded cost over offered load: what the fixed hours weigh at other rates than the measured one.

At r requests a second, 1,000 of them take 1000 / r seconds, and a second carries hourly / 3600 of the fixed
cost: loaded(r) = marginal + hourly x 1000 / (3600 r) - once(r). What marginal and fixed cost share is counted
once: seconds of workers, as far as they fit into the hours held for these (`held_work`).
The fixed hours stay what the architecture says: a load that needs more tasks than it names costs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor, log2

from tidegauge.cost.held_work import NO_WORK, HeldWork
from tidegauge.cost.money import text
from tidegauge.cost_record import CurvePoint, LoadedCurve

SECONDS_PER_HOUR = 3600
REQUESTS = 1000  # that the figures are for
DOUBLINGS_BEYOND = 4  # how far the rates go below and above what has to be shown
DOUBLINGS_MAX = 40  # from the measured rate: a factor of 10^12, beyond any stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The curve's law: USD of 1,000 requests at any rate."""

    fixed_hourly: Fraction
    marginal_per_1k: Fraction
    shared_per_1k: Fraction = Fraction(0)  # of the marginal cost: seconds that fixed hours may hold
    shared_up_to_per_s: Fraction = Fraction(0)  # the highest rate at which they hold all of these

    def fixed_per_1k(self, rate_per_s: Fraction) -> Fraction:
        """What the fixed hours weigh."""
        return self.fixed_hourly * REQUESTS / (SECONDS_PER_HOUR * rate_per_s)

    def once_per_1k(self, rate_per_s: Fraction) -> Fraction:
        """What both hold."""
        return self.shared_per_1k * min(Fraction(1), self.shared_up_to_per_s / rate_per_s)

    @property
    def half_rate_per_s(self) -> Fraction | None:
        """Requests a second at which fixed cost is half of loaded; None where there is no such rate."""
        if not self.fixed_hourly:
            return Fraction(0)
        if not self.marginal_per_1k:
            return None
        fixed = self.fixed_hourly * REQUESTS / SECONDS_PER_HOUR  # at a request a second
        alone = self.marginal_per_1k - self.shared_per_1k
        if alone and fixed / alone <= self.shared_up_to_per_s:
            return fixed / alone
        return (fixed + self.shared_per_1k * self.shared_up_to_per_s) / self.marginal_per_1k


def loaded_curve(
    *, fixed_hourly: Fraction, marginal_per_1k: Fraction, rate_per_s: Fraction, work: HeldWork = NO_WORK
) -> LoadedCurve:
    """The curve as summary.json carries it; `work` is USD of 1,000 requests.

    The rates double from point to point, and the measured `rate_per_s` (above 0) is one of them. They reach
    beyond both that one and `half_rate_per_s`, above which fixed cost is less than half of loaded: 0 without
    fixed cost, null where requests cost nothing, so that no rate is high enough.
    """
    law = Loaded(
        fixed_hourly=fixed_hourly,
        marginal_per_1k=marginal_per_1k,
        shared_per_1k=work.usd,
        shared_up_to_per_s=work.held_ratio * rate_per_s,
    )
    half = law.half_rate_per_s
    return LoadedCurve(
        fixed_hourly=text(fixed_hourly),
        marginal_per_1k_requests=text(marginal_per_1k),
        measured_rate_per_s=float(rate_per_s),
        half_rate_per_s=None if half is None else float(half),
        points=tuple(_point(law, rate) for rate in _rates(rate_per_s, half or rate_per_s)),
    )


def _rates(measured: Fraction, half: Fraction) -> Iterator[Fraction]:
    """Doublings of `measured` from well below both rates to well above them."""
    to_half = floor(log2(half / measured))
    first = max(min(to_half, 0) - DOUBLINGS_BEYOND, -DOUBLINGS_MAX)
    last = min(max(to_half + 1, 0) + DOUBLINGS_BEYOND, DOUBLINGS_MAX)
    return (measured * Fraction(2) ** doublings for doublings in range(first, last + 1))


def _point(law: Loaded, rate_per_s: Fraction) -> CurvePoint:
    fixed_per_1k, once = law.fixed_per_1k(rate_per_s), law.once_per_1k(rate_per_s)
    return CurvePoint(
        rate_per_s=float(rate_per_s),
        marginal_per_1k=text(law.marginal_per_1k),
        fixed_per_1k=text(fixed_per_1k),
        counted_once_per_1k=text(once),
        loaded_per_1k_requests=text(law.marginal_per_1k + fixed_per_1k - once),
    )
