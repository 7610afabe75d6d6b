"""An objective's outcome in a sentence, with the figures behind it."""

from __future__ import annotations

import math

from tidegauge.analysis.intervals import POWER
from tidegauge.summary import JudgedObjective


def sentence(row: JudgedObjective, noun: str) -> str:
    """What became of the objective; `noun`: requests or sessions."""
    goal = f"{row.target}: {row.objective} = {row.limit:g}"
    if row.default:
        goal += " (the default: the plan states no objectives)"
    if row.observed_ratio is None or row.lower is None or row.upper is None:
        return f"{goal} cannot be judged: no {noun.removesuffix('s')} of it was due in the window."
    which = "failed or were not sent"
    if row.limit_ms is not None:
        which = f"failed, were not sent or took over {row.limit_ms:g} ms"
    seen = f"{row.violations:,} of {row.n:,} {noun} {which} ({percent(row.observed_ratio)}{_worth(row)})"
    allowed = f"{percent(row.allowed_ratio)} may"
    if row.state == "holds":
        return f"{goal} holds: {seen}; at most {percent(row.upper)} at 95 % confidence, {allowed}."
    if row.state == "broken":
        return f"{goal} is broken: {seen}; at least {percent(row.lower)} at 95 % confidence, {allowed}."
    if row.default:
        return f"{goal} is not surely broken: {seen}, {allowed}."
    return f"{goal} is inconclusive: {seen}, {allowed}; {_what_is_open(row, noun)}."


def _worth(row: JudgedObjective) -> str:
    """How little they tell, where they depend on each other so much that it decides."""
    return f"; worth {row.effective_n:,} independent ones" if row.effective_n < row.n / 2 else ""


def percent(ratio: float) -> str:
    """A share in words of three digits."""
    return f"{ratio * 100:.3g} %"


def _what_is_open(row: JudgedObjective, noun: str) -> str:
    if row.undecided:
        return f"{row.undecided:,} more were cut before it was known whether they would"
    if row.needed_n is None or row.more_s is None:
        return f"no number of {noun} settles this at the observed share"
    chance = f"{POWER * 100:g} % of runs of {row.needed_n:,} {noun} would settle it at this share"
    return f"{chance}, {math.ceil(row.more_s):,} s more at the present rate"
