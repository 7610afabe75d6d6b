"""Which requests call the functions at the edge: those of the cache behaviours that they are on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

DEFAULT_BEHAVIOUR = "*"  # as CloudFront calls it
SIDES = {  # side of a trigger: (figure of all behaviours, prefix of one's)
    "viewer": ("edge_requests_per_month", "behaviours."),
    "origin": ("origin_requests_per_month", "origin_requests."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A cache behaviour and the functions on it."""

    pattern: str
    memory_mb: Mapping[str, int]  # of the function of each event


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """Functions that one request calls."""

    side: str  # viewer or origin
    pattern: str | None  # the behaviour that they are on; None: all of them
    memories_mb: tuple[int, ...]

    @property
    def asked(self) -> str:
        """The figure of a month that calls them."""
        total, prefix = SIDES[self.side]
        return total if self.pattern is None else prefix + self.pattern

    @property
    def said(self) -> str:
        """How messages name them."""
        return f"{len(self.memories_mb)} {self.side} triggers"

    def requests(self, names: Mapping[str, str]) -> str:
        """What calls them, in words; `names` has those of all behaviours."""
        return names[self.asked] if self.pattern is None else f"{self.side} requests of {self.pattern}"


def group_triggers(behaviours: Sequence[Behaviour]) -> list[Triggers]:
    """Those on all behaviours alike together, then those of each behaviour; viewer's before origin's."""
    found = []
    for side in SIDES:
        events = dict.fromkeys(
            event for each in behaviours for event in each.memory_mb if event.startswith(side)
        )
        alike = [event for event in events if len({each.memory_mb.get(event) for each in behaviours}) == 1]
        if alike:
            memories = tuple(behaviours[0].memory_mb[event] for event in alike)
            found.append(Triggers(side=side, pattern=None, memories_mb=memories))
        for each in behaviours:
            own = tuple(
                memory for event, memory in each.memory_mb.items() if event in events and event not in alike
            )
            if own:
                found.append(Triggers(side=side, pattern=each.pattern, memories_mb=own))
    return found


def behaviour_figures(names: Mapping[str, Fraction], patterns: Sequence[str]) -> dict[str, Fraction]:
    """`names` with what they leave for the only behaviour that they do not say."""
    found = dict(names)
    for total, prefix in SIDES.values():
        missing = [pattern for pattern in patterns if prefix + pattern not in names]
        if len(missing) == 1 and total in names:
            others = sum((names[prefix + each] for each in patterns if each not in missing), Fraction(0))
            found |= {prefix + missing[0]: names[total] - others} if others <= names[total] else {}
    return found


def behaviour_name(pattern: str) -> str:
    """A path pattern in one spelling: its leading slash is optional."""
    return pattern if pattern.startswith(("/", "*")) else f"/{pattern}"
