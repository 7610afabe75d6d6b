"""Tables as data: every column comes with the sentence that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.drawing import numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's heading, and what it means in a sentence."""

    label: str
    meaning: str
    numeric: bool = True
    wide: bool = False  # holds sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of a bar in a cell: its share of the whole (0 to 1), and the style that colours it."""

    share: float
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a cell shows; `note` stands smaller below it, `exact` is the unrounded value on hovering.

    `items` are sentences below the text; `sources` are numbers in the report's list of price sources.
    """

    text: str
    note: str = ""
    exact: str = ""
    tone: str = ""  # good, bad, unsure, quiet or code
    bar: tuple[Part, ...] = ()
    items: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Cells from left to right; the first one names the row."""

    cells: tuple[Cell, ...]
    kind: str = ""  # total, group or member


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A captioned table; `empty` is said instead where there are no rows."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str


def cells(*values: str | Cell) -> tuple[Cell, ...]:
    """Cells from plain texts and ready cells."""
    return tuple(value if isinstance(value, Cell) else Cell(text=value) for value in values)


def money_cell(value: str | None) -> Cell:
    """US dollars with the unrounded amount on hovering."""
    return Cell(
        text=numbers.money(value),
        exact="" if value is None else numbers.exact_money(value),
        tone="quiet" if value is None else "",
    )


def shares(amounts: Sequence[tuple[float, str]]) -> tuple[Part, ...]:
    """A bar of amounts with their tones; empty where they add up to nothing."""
    whole = sum(amount for amount, _ in amounts)
    return tuple(
        Part(share=amount / whole, tone=tone) for amount, tone in amounts if amount > 0 and whole > 0
    )
