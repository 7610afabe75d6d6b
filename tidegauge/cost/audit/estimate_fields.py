"""Fields of an estimate's tables: read, or refused with file, line and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.edge_functions import behaviour_name
from tidegauge.cost.audit.dimensions import BYTES, NONE, Amount, FormulaError, describe
from tidegauge.cost.audit.formula import evaluate
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, sorted_attributes
from tidegauge.cost.usage import parse_quantity
from tidegauge.errors import TidegaugeError, nearest
from tidegauge.places import Place

HINT = "docs/cost.md describes estimates"
Written = Fraction | str  # a bare number, or a text that may name its unit
_BARE = re.compile(r"\s*-?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|nan|[+-]?inf)\s*", re.IGNORECASE)
_DOLLARS = re.compile(
    r"\s*(?:US\$|USD|\$|~)*\s*([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)\s*(?:USD|\$)?"
    r"(?:\s*(?:/|per|a)\s*(?:month|mo))?\s*",
    re.IGNORECASE,
)


def read_figures(table: Mapping[str, Any], where: Place) -> dict[str, Fraction]:
    """{name: figure}; those of one cache behaviour are named by table and path pattern."""
    found = dict[str, Fraction]()
    for key, value in table.items():
        if key not in ("behaviours", "origin_requests"):
            found[key] = _figure(key, value, where / key)
            continue
        for pattern, requests in read_table(table, key, where).items():
            found[f"{key}.{behaviour_name(pattern)}"] = read_number(requests, where / key / pattern)
    return found


def _figure(name: str, value: object, where: Place) -> Fraction:
    """A figure of the scenario; a text may name its unit (`10 M`, `2 TB` of a name in GB)."""
    if not isinstance(value, str) or _BARE.fullmatch(value):
        return read_number(value, where)
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
    return read_number(to_decimal(amount.value), where)


def read_number(value: object, where: Place) -> Fraction:
    return Fraction(parse_quantity(value, where))


def read_optional_number(row: Mapping[str, Any], key: str, where: Place) -> Fraction | None:
    return None if key not in row else read_number(row[key], where / key)


def read_written(row: Mapping[str, Any], key: str, where: Place) -> Written | None:
    """A number, or a text that is more than one: `500 GB`, `$0.0004/1000`."""
    value = row.get(key)
    if isinstance(value, str) and not _BARE.fullmatch(value):
        return value
    return read_optional_number(row, key, where)


def read_money(row: Mapping[str, Any], key: str, where: Place) -> Decimal | None:
    """Dollars as a number, or as a text such as `$1,200.50/month`."""
    if key not in row:
        return None
    written = _DOLLARS.fullmatch(row[key]) if isinstance(row[key], str) else None
    return parse_quantity(row[key] if written is None else written[1].replace(",", ""), where / key)


def read_flag(row: Mapping[str, Any], key: str, where: Place) -> bool:
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise TidegaugeError(f"{where / key} is {value!r:.40}, not true or false", HINT)
    return value


def read_attributes(row: Mapping[str, Any], where: Place) -> Attributes:
    table = read_table(row, "attributes", where)
    return sorted_attributes({key: str(value) for key, value in table.items()})


def read_texts(row: Mapping[str, Any], key: str, where: Place) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TidegaugeError(f"{where / key} is not a list of texts", HINT)
    return tuple(value)


def read_text(row: Mapping[str, Any], key: str, where: Place, default: str | None = None) -> str:
    value = row.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        said = "is required and missing" if value is None else f"is {value!r:.40}, not a text"
        raise TidegaugeError(f"{where / key} {said}", HINT)
    return value


def read_optional_text(row: Mapping[str, Any], key: str, where: Place) -> str | None:
    return None if key not in row else read_text(row, key, where)


def read_table(row: Mapping[str, Any], key: str, where: Place) -> Mapping[str, Any]:
    value = row.get(key, {})
    if not isinstance(value, dict):
        raise TidegaugeError(f"{where / key} is not a table", HINT)
    return value


def read_rows(data: Mapping[str, Any], key: str, where: Place) -> list[Mapping[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise TidegaugeError(f"{where / key} is not a list of tables", f"write [[{key}]]")
    return value


def refuse_unknown(row: Mapping[str, Any], known: set[str], where: Place) -> None:
    for key in row:
        if key not in known:
            raise TidegaugeError(f"{where / key}: unknown key '{key!s:.60}'", nearest(str(key), known))
