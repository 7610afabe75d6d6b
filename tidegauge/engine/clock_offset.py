"""How far another machine's clock is from the master's, from round trips between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """One question and its answer: own monotonic seconds, and the master's Unix time in between."""

    asked: float
    master_unix_s: float
    answered: float

    @property
    def half_s(self) -> float:
        """The largest error of the estimate: half the round trip, were one way to take no time."""
        return (self.answered - self.asked) / 2

    @property
    def ahead_s(self) -> float:
        """The master's Unix time minus the own monotonic clock, if both ways take equally long."""
        return self.master_unix_s - (self.asked + self.answered) / 2


def best(trips: Iterable[RoundTrip]) -> RoundTrip:
    """The quickest round trip: it has the smallest error bound (Cristian, 1989)."""
    return min(trips, key=attrgetter("half_s"))
