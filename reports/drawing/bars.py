"""Bars as data: drawn by the page itself, so that every part tells its figure on hovering."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a bar: its share of the track's width (0 to 1), its colour, and its figure on hovering."""

    share: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row: what it is of, its parts in their order, and the figure at its end.

    `leftward` bars grow to the left of a common axis; it has none where no bar does.
    """

    name: str
    segments: tuple[Segment, ...]
    value: str
    exact: str = ""
    leftward: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Rows on one scale, with their legend (colour and text)."""

    title: str
    unit: str
    rows: tuple[Bar, ...]
    legend: tuple[tuple[str, str], ...]
    diverging: bool = False  # an axis in the middle
