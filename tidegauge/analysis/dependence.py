"""How much requests tell that depend on each other: their effective number, from blocks of time.

Requests that wait in one queue are late together. A share of n of them then varies as if there were fewer:
n over the design effect. The effect is seen in how much the share changes from a block of time to the next:
successive differences, less the phase's own trend, so that a load that climbs is not taken for dependence
(von Neumann et al., Ann. Math. Stat. 12, 1941). At a high threshold a lucky run has seen no burst; it then
borrows the effect of lower thresholds, where there were enough. The constants were set by simulation
(`python -m benches.dependence`), and hold there: they are not a theorem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tidegauge.analysis.blocks import Blocks
from tidegauge.histograms import Floats

TREND_FROM = 3  # differences: with fewer, a trend cannot be told from them
TRUSTED_EVENTS = 50.0  # independent ones above a threshold: enough for its own effect to be believed …
DOUBTED_EVENTS = 3.0  # … if that many are left under the largest effect of the lower thresholds
UNSEEN = 2.5  # nine of ten independent runs show no larger effect at any threshold: then there is none to see
LEAST_SHARE = 0.25  # in logarithms, of the lower thresholds' effect: no threshold is freer of it

Amounts = NDArray[np.integer] | NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What so many dependent requests are worth.

    `n`: how many there are; `effect`: the design effect, at least 1; `differences`: how many it was seen in
    (0: dependence could not be seen, or there was nothing that could depend).
    """

    n: int
    effect: float = 1.0
    differences: int = 0

    def size(self, tail: float) -> float:
        """The effective number for a bound that is missed with probability `tail`: from above 0 to n.

        Student's t over the normal quantile stands for the effect's own error (`differences` degrees).
        """
        if not self.differences or not self.n:
            return float(self.n)
        normal, student = special.ndtri(1 - tail), special.stdtrit(self.differences, 1 - tail)
        return float(min(self.n / self.effect * (normal / student) ** 2, self.n))

    def whole_size(self, tail: float) -> int:
        """The same in whole requests: at least one, where there are any."""
        return max(int(self.size(tail)), min(self.n, 1))


def effective_share(events: Amounts, requests: Amounts, blocks: Blocks) -> Effective:
    """For the share of `requests` that are `events`, both by block: n itself without an event."""
    n = int(requests.sum())
    if not 0 < events.sum() < n or not blocks.differences:
        return Effective(n=n)
    effect = design_effects(events[:, np.newaxis], requests, blocks)[0]
    return Effective(n=n, effect=float(effect), differences=blocks.differences)


def effective_beyond(
    events: Amounts, requests: Amounts, blocks: Blocks, chains: Sequence[Sequence[int]]
) -> list[Effective]:
    """For the share beyond a threshold, or the quantile there: one for each of `chains`.

    `events`: requests beyond each threshold (columns), by block (rows). A chain is a threshold's column,
    then those of lower ones to borrow from, in descending order.
    """
    n = int(requests.sum())
    total = events.sum(axis=0)
    if not blocks.differences or not np.any((total > 0) & (total < n)):
        return [Effective(n=n) for _ in chains]
    effects = design_effects(events, requests, blocks)
    if effects.max() < UNSEEN:
        return [Effective(n=n) for _ in chains]
    return [
        Effective(n=n, effect=_borrowed(effects[chain], total[chain]), differences=blocks.differences)
        for chain in map(list, chains)
    ]


def design_effects(events: Amounts, requests: Amounts, blocks: Blocks) -> Floats:
    """Of each column of `events`: how many times the variance of its share is that of independent requests.

    The larger of what blocks and what pairs of blocks show; at least 1, and 1 where all or none are events.
    """
    n = float(requests.sum())
    share = events.sum(axis=0) / n
    excess = events - share * requests[:, np.newaxis]
    paired = np.zeros((blocks.pairs[-1][1], excess.shape[1]))
    np.add.at(paired, blocks.pair_of_block, excess)
    in_pairs = np.bincount(blocks.pair_of_block, weights=requests)
    variance = np.maximum(
        _variance(excess, requests, blocks.groups), _variance(paired, in_pairs, blocks.pairs)
    )
    independent = n * share * (1 - share)
    effects = np.divide(variance, independent, out=np.ones_like(variance), where=independent > 0)
    found: Floats = np.maximum(effects, 1.0)
    return found


def _variance(excess: Floats, requests: Amounts, groups: Sequence[tuple[int, int]]) -> Floats:
    """Of the sum of each column, from the differences of its rows within each group."""
    total, covered = np.zeros(excess.shape[1]), 0.0
    for start, end in groups:
        steps = np.diff(excess[start:end], axis=0)
        if not len(steps):
            continue
        if len(steps) >= TREND_FROM:
            steps = steps - steps.mean(axis=0)
        total += (steps**2).sum(axis=0) * (end - start) / (2 * (end - start - 1))
        covered += float(requests[start:end].sum())
    return total * (float(requests.sum()) / covered) if covered else total


def _borrowed(effects: Floats, events: Amounts) -> float:
    """The effect at the first of these thresholds, the others being lower and lower ones."""
    largest = 1.0
    for place in range(len(effects)):
        below = float(effects[place:].max())
        largest = max(largest, float(effects[place]), below**LEAST_SHARE)
        if events[place] >= TRUSTED_EVENTS * largest and events[place] >= DOUBTED_EVENTS * below:
            break
    return largest
