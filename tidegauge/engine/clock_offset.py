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
        """At most so far is the estimate from the truth, whichever way was the slower one."""
        return (self.answered - self.asked) / 2

    @property
    def ahead_s(self) -> float:
        """The master's Unix time minus the own monotonic clock, both ways taken as equally long."""
        return self.master_unix_s - (self.asked + self.answered) / 2


def best(trips: Iterable[RoundTrip]) -> RoundTrip:
    """The quickest, which bounds the error best (Cristian, 1989)."""
    return min(trips, key=attrgetter("half_s"))
