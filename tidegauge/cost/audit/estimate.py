"""An estimate as data: what a team believes a month costs, line by line, in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.edge_functions import SIDES
from tidegauge.cost.audit.estimate_fields import (
    HINT,
    Written,
    read_attributes,
    read_figures,
    read_flag,
    read_money,
    read_number,
    read_optional_number,
    read_optional_text,
    read_rows,
    read_table,
    read_text,
    read_texts,
    read_written,
    refuse_unknown,
)
from tidegauge.cost.prices import Attributes
from tidegauge.errors import TidegaugeError, nearest
from tidegauge.places import Place, toml_place
from tidegauge.stack import DEFAULT_REGION

TOLERANCE = Fraction(1, 10)
_KEYS = {
    "name",
    "region",
    "architecture",
    "parameters",
    "tolerance",
    "total",
    "source",
    "scenario",
    "assumptions",
    "line",
    "claim",
}
_LINE_KEYS = {
    "id",
    "service",
    "unit",
    "covers",
    "attributes",
    "resources",
    "flow",
    "quantity",
    "price",
    "amount",
    "formula",
    "net_of_free_tier",
    "source",
    "text",
}
_CLAIM_KEYS = {"id", "text", "kind", "line", "service", "unit", "attributes", "value", "low", "high"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateLine:
    """One line as it was written; what is not written is None."""

    id: str
    service: str
    unit: str | None  # None: the line lumps several units, those of `covers` or all of its service
    covers: tuple[str, ...]
    attributes: Attributes
    resources: tuple[str, ...]  # logical ids of the template that the line is of; empty: by unit
    flow: str | None  # the flow whose sessions cause it
    quantity: Written | None
    price: Written | None  # USD; a bare number is of a unit or a list unit
    amount: Decimal | None  # USD a month, with the digits that are written
    formula: str | None
    is_net_of_free: bool  # whether the month's free units are taken off already
    source: str | None  # where the estimate has its price from, for what the price book lacks
    text: str  # the estimate's own words
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement about cost beside the lines."""

    id: str
    text: str
    kind: str
    line: str | None
    service: str | None
    unit: str | None
    attributes: Attributes
    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    where: Place = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A month's cost as somebody estimated it, and the scenario that it is for."""

    name: str
    region: str
    architecture: str | None  # a folder of templates, relative to the estimate
    parameters: Mapping[str, str]  # values of the templates' parameters
    tolerance: Fraction
    total: Decimal | None  # as the estimate states it
    names: Mapping[str, Fraction]  # scenario and assumptions: what formulas and rules may name
    assumed: Mapping[str, Fraction]  # the assumptions among them
    flows: Mapping[str, str]  # flow -> the name of its sessions a month
    lines: tuple[EstimateLine, ...]
    claims: tuple[Claim, ...]
    where: Place = field(compare=False, repr=False)

    def with_tolerance(self, tolerance: Fraction) -> Estimate:
        """The same estimate, to be held to `tolerance`."""
        return replace(self, tolerance=tolerance)


def read_estimate(document: str, source: str = "estimate") -> Estimate:
    """The estimate in a TOML text, or an error (exit 2) that names file, line and key."""
    try:
        data = tomllib.loads(document, parse_float=_exact)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise TidegaugeError(f"{source}: no TOML document: {error!s:.160}", HINT) from None
    top = toml_place(source, document)
    refuse_unknown(data, _KEYS, top)
    scenario = read_table(data, "scenario", top)
    flows = read_table(scenario, "flows", top / "scenario")
    names = read_figures({key: value for key, value in scenario.items() if key != "flows"}, top / "scenario")
    assumed = read_figures(read_table(data, "assumptions", top), top / "assumptions")
    estimate = Estimate(
        name=read_text(data, "name", top),
        region=read_text(data, "region", top, DEFAULT_REGION),
        architecture=read_optional_text(data, "architecture", top),
        parameters={key: str(value) for key, value in read_table(data, "parameters", top).items()},
        tolerance=read_number(data["tolerance"], top / "tolerance") if "tolerance" in data else TOLERANCE,
        total=read_money(data, "total", top),
        names={**assumed, **names},
        assumed=assumed,
        flows={
            key: _flow_name(value, names, top / "scenario" / "flows" / key) for key, value in flows.items()
        },
        lines=tuple(_line(row, top / "line" / at) for at, row in enumerate(read_rows(data, "line", top))),
        claims=tuple(_claim(row, top / "claim" / at) for at, row in enumerate(read_rows(data, "claim", top))),
        where=top,
    )
    _refuse_contradictions(estimate)
    return estimate


def _line(row: Mapping[str, Any], where: Place) -> EstimateLine:
    refuse_unknown(row, _LINE_KEYS, where)
    unit, covers = read_optional_text(row, "unit", where), read_texts(row, "covers", where)
    if unit is not None and covers:
        raise TidegaugeError(
            f"{where / 'covers'}: a line has a unit or covers several", "leave one of them out"
        )
    line = EstimateLine(
        id=read_text(row, "id", where),
        service=read_text(row, "service", where),
        unit=unit,
        covers=covers,
        attributes=read_attributes(row, where),
        resources=read_texts(row, "resources", where),
        flow=read_optional_text(row, "flow", where),
        quantity=read_written(row, "quantity", where),
        price=read_written(row, "price", where),
        amount=read_money(row, "amount", where),
        formula=read_optional_text(row, "formula", where),
        is_net_of_free=read_flag(row, "net_of_free_tier", where),
        source=read_optional_text(row, "source", where),
        text=read_text(row, "text", where, ""),
        where=where,
    )
    if line.amount is None and line.formula is None and (line.quantity is None or line.price is None):
        raise TidegaugeError(
            f"{where}: line '{line.id:.60}' has no amount", "give amount, quantity and price, or a formula"
        )
    return line


def _claim(row: Mapping[str, Any], where: Place) -> Claim:
    refuse_unknown(row, _CLAIM_KEYS, where)
    return Claim(
        id=read_text(row, "id", where),
        text=read_text(row, "text", where),
        kind=read_text(row, "kind", where),
        line=read_optional_text(row, "line", where),
        service=read_optional_text(row, "service", where),
        unit=read_optional_text(row, "unit", where),
        attributes=read_attributes(row, where),
        value=read_optional_number(row, "value", where),
        low=read_optional_number(row, "low", where),
        high=read_optional_number(row, "high", where),
        where=where,
    )


def _refuse_contradictions(estimate: Estimate) -> None:
    seen: set[str] = set()
    for line in estimate.lines:
        if line.id in seen:
            raise TidegaugeError(f"{line.where / 'id'}: a second line '{line.id:.60}'", "ids are unique")
        seen.add(line.id)
    for total, prefix in SIDES.values():
        parts = sum((value for name, value in estimate.names.items() if name.startswith(prefix)), Fraction(0))
        if total in estimate.names and parts > estimate.names[total]:
            where = estimate.where / "scenario" / prefix.rstrip(".")
            raise TidegaugeError(
                f"{where}: its behaviours have more than all of {total}", "they are its parts"
            )
    if not estimate.lines:
        raise TidegaugeError(f"{estimate.where}: the estimate has no [[line]]", HINT)


def _flow_name(name: object, names: Mapping[str, Fraction], where: Place) -> str:
    if not isinstance(name, str) or name not in names:
        raise TidegaugeError(
            f"{where} is {name!r:.60}, which [scenario] does not have", nearest(str(name), names)
        )
    return name


def _exact(written: str) -> Decimal:
    return Decimal(written)  # NaN and infinities are refused by _number
