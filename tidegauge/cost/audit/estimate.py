"""An estimate as data: what a team believes a month costs, line by line, in TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.edge_functions import SIDES, behaviour_name
from tidegauge.cost.audit.dimensions import BYTES, NONE, Amount, FormulaError, describe
from tidegauge.cost.audit.formula import evaluate
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, sorted_attributes
from tidegauge.cost.usage import parse_quantity
from tidegauge.errors import TidegaugeError, nearest
from tidegauge.places import Place, toml_place
from tidegauge.stack import DEFAULT_REGION

HINT = "docs/cost.md describes estimates"
TOLERANCE = Fraction(1, 10)
_BARE = re.compile(r"\s*-?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|nan|[+-]?inf)\s*", re.IGNORECASE)
_DOLLARS = re.compile(
    r"\s*(?:US\$|USD|\$|~)*\s*([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)\s*(?:USD|\$)?"
    r"(?:\s*(?:/|per|a)\s*(?:month|mo))?\s*",
    re.IGNORECASE,
)
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


Written = Fraction | str  # a bare number, or a text that may name its unit


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
    _refuse_unknown(data, _KEYS, top)
    scenario = _table(data, "scenario", top)
    flows = _table(scenario, "flows", top / "scenario")
    names = _figures({key: value for key, value in scenario.items() if key != "flows"}, top / "scenario")
    assumed = _figures(_table(data, "assumptions", top), top / "assumptions")
    estimate = Estimate(
        name=_text(data, "name", top),
        region=_text(data, "region", top, DEFAULT_REGION),
        architecture=_optional_text(data, "architecture", top),
        parameters={key: str(value) for key, value in _table(data, "parameters", top).items()},
        tolerance=_number(data["tolerance"], top / "tolerance") if "tolerance" in data else TOLERANCE,
        total=_money(data, "total", top),
        names={**assumed, **names},
        assumed=assumed,
        flows={
            key: _flow_name(value, names, top / "scenario" / "flows" / key) for key, value in flows.items()
        },
        lines=tuple(_line(row, top / "line" / at) for at, row in enumerate(_rows(data, "line", top))),
        claims=tuple(_claim(row, top / "claim" / at) for at, row in enumerate(_rows(data, "claim", top))),
        where=top,
    )
    _refuse_contradictions(estimate)
    return estimate


def _figures(table: Mapping[str, Any], where: Place) -> dict[str, Fraction]:
    """{name: figure}; those of one cache behaviour are named by table and path pattern."""
    found = dict[str, Fraction]()
    for key, value in table.items():
        if key not in ("behaviours", "origin_requests"):
            found[key] = _figure(key, value, where / key)
            continue
        for pattern, requests in _table(table, key, where).items():
            found[f"{key}.{behaviour_name(pattern)}"] = _number(requests, where / key / pattern)
    return found


def _figure(name: str, value: object, where: Place) -> Fraction:
    """A figure of the scenario; a text may name its unit (`10 M`, `2 TB` of a name in GB)."""
    if not isinstance(value, str) or _BARE.fullmatch(value):
        return _number(value, where)
    try:
        amount = next(evaluate(value, {}).readings())
    except FormulaError as error:
        raise TidegaugeError(f"{where}: '{value:.80}' cannot be read: {error}", HINT) from None
    if amount.dimension == BYTES and "gb" in name.split("_"):
        amount = amount / Amount(Fraction(2**30), BYTES)
    if amount.dimension != NONE:
        raise TidegaugeError(
            f"{where} is in {describe(amount.dimension)}", "figures are numbers of what they name"
        )
    return _number(to_decimal(amount.value), where)


def _line(row: Mapping[str, Any], where: Place) -> EstimateLine:
    _refuse_unknown(row, _LINE_KEYS, where)
    unit, covers = _optional_text(row, "unit", where), _texts(row, "covers", where)
    if unit is not None and covers:
        raise TidegaugeError(
            f"{where / 'covers'}: a line has a unit or covers several", "leave one of them out"
        )
    line = EstimateLine(
        id=_text(row, "id", where),
        service=_text(row, "service", where),
        unit=unit,
        covers=covers,
        attributes=_attributes(row, where),
        resources=_texts(row, "resources", where),
        flow=_optional_text(row, "flow", where),
        quantity=_written(row, "quantity", where),
        price=_written(row, "price", where),
        amount=_money(row, "amount", where),
        formula=_optional_text(row, "formula", where),
        is_net_of_free=_flag(row, "net_of_free_tier", where),
        source=_optional_text(row, "source", where),
        text=_text(row, "text", where, ""),
        where=where,
    )
    if line.amount is None and line.formula is None and (line.quantity is None or line.price is None):
        raise TidegaugeError(
            f"{where}: line '{line.id:.60}' has no amount", "give amount, quantity and price, or a formula"
        )
    return line


def _claim(row: Mapping[str, Any], where: Place) -> Claim:
    _refuse_unknown(row, _CLAIM_KEYS, where)
    return Claim(
        id=_text(row, "id", where),
        text=_text(row, "text", where),
        kind=_text(row, "kind", where),
        line=_optional_text(row, "line", where),
        service=_optional_text(row, "service", where),
        unit=_optional_text(row, "unit", where),
        attributes=_attributes(row, where),
        value=_optional_number(row, "value", where),
        low=_optional_number(row, "low", where),
        high=_optional_number(row, "high", where),
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


def _number(value: object, where: Place) -> Fraction:
    return Fraction(parse_quantity(value, where))


def _optional_number(row: Mapping[str, Any], key: str, where: Place) -> Fraction | None:
    return None if key not in row else _number(row[key], where / key)


def _written(row: Mapping[str, Any], key: str, where: Place) -> Written | None:
    """A number, or a text that is more than one: `500 GB`, `$0.0004/1000`."""
    value = row.get(key)
    if isinstance(value, str) and not _BARE.fullmatch(value):
        return value
    return _optional_number(row, key, where)


def _money(row: Mapping[str, Any], key: str, where: Place) -> Decimal | None:
    """Dollars as a number, or as a text such as `$1,200.50/month`."""
    if key not in row:
        return None
    written = _DOLLARS.fullmatch(row[key]) if isinstance(row[key], str) else None
    return parse_quantity(row[key] if written is None else written[1].replace(",", ""), where / key)


def _flag(row: Mapping[str, Any], key: str, where: Place) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise TidegaugeError(f"{where / key} is {value!r:.40}, not true or false", HINT)
    return value


def _attributes(row: Mapping[str, Any], where: Place) -> Attributes:
    table = _table(row, "attributes", where)
    return sorted_attributes({key: str(value) for key, value in table.items()})


def _texts(row: Mapping[str, Any], key: str, where: Place) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TidegaugeError(f"{where / key} is not a list of texts", HINT)
    return tuple(value)


def _text(row: Mapping[str, Any], key: str, where: Place, default: str | None = None) -> str:
    value = row.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        said = "is required and missing" if value is None else f"is {value!r:.40}, not a text"
        raise TidegaugeError(f"{where / key} {said}", HINT)
    return value


def _optional_text(row: Mapping[str, Any], key: str, where: Place) -> str | None:
    return None if key not in row else _text(row, key, where)


def _table(row: Mapping[str, Any], key: str, where: Place) -> Mapping[str, Any]:
    value = row.get(key, {})
    if not isinstance(value, dict):
        raise TidegaugeError(f"{where / key} is not a table", HINT)
    return value


def _rows(data: Mapping[str, Any], key: str, where: Place) -> list[Mapping[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise TidegaugeError(f"{where / key} is not a list of tables", f"write [[{key}]]")
    return value


def _refuse_unknown(row: Mapping[str, Any], known: set[str], where: Place) -> None:
    for key in row:
        if key not in known:
            raise TidegaugeError(f"{where / key}: unknown key '{key!s:.60}'", nearest(str(key), known))
