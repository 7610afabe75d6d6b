"""usage.json: billable units consumed in a window, by flow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from tidegauge.cost.money import text
from tidegauge.cost.prices import Attributes, sorted_attributes
from tidegauge.errors import TidegaugeError, nearest
from tidegauge.places import Place, json_place

SCHEMA_VERSION = 1
Provenance = Literal["counted", "metered", "estimated"]
PROVENANCES: tuple[Provenance, ...] = ("counted", "metered", "estimated")
QUANTITY_MAX = Decimal("1e30")  # beyond any bill; keeps exact arithmetic small
QUANTITY_PLACES_MAX = 60
_NUMBER = re.compile(r"[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?")
_KEYS = {"schema_version", "region", "window_s", "items", "unknown", "notes"}
_ITEM_KEYS = {"flow", "service", "unit", "attributes", "quantity", "provenance"}
_UNKNOWN_KEYS = {"flow", "service", "unit", "reason", "blocking", "units_per_1k"}
HINT = 'see `cost prices --json` for units; quantities are decimal strings such as "85000"'


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageItem:
    """Some units of one kind; a flow of None means shared by all."""

    flow: str | None
    service: str
    unit: str
    attributes: Attributes
    quantity: Decimal
    provenance: Provenance
    where: Place | None = field(default=None, compare=False, repr=False)  # for messages


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownUsage:
    """Billable units whose quantity is not known, and why."""

    flow: str | None  # None: every flow
    service: str
    unit: str
    reason: str
    blocking: bool  # whether the cost of the flow is unknown without it; else it is outside what is costed
    units_per_1k: Decimal | None = None  # of 1,000 requests, for the order of its size


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a window of `window_s` seconds consumed."""

    region: str
    window_s: Decimal
    items: tuple[UsageItem, ...]
    unknown: tuple[UnknownUsage, ...] = ()
    notes: tuple[str, ...] = ()  # assumptions behind the quantities


def usage_document(usage: Usage) -> dict[str, object]:
    """`usage` as usage.json holds it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "region": usage.region,
        "window_s": float(usage.window_s) if usage.window_s % 1 else int(usage.window_s),
        "items": [
            {
                "flow": item.flow,
                "service": item.service,
                "unit": item.unit,
                "attributes": dict(item.attributes),
                "quantity": text(item.quantity),
                "provenance": item.provenance,
            }
            for item in usage.items
        ],
        "unknown": [
            {
                "flow": gap.flow,
                "service": gap.service,
                "unit": gap.unit,
                "reason": gap.reason,
                "blocking": gap.blocking,
                "units_per_1k": None if gap.units_per_1k is None else text(gap.units_per_1k),
            }
            for gap in usage.unknown
        ],
        "notes": list(usage.notes),
    }


def read_usage(document: str, source: str = "usage") -> Usage:
    """The usage in a JSON text; numbers are read as they are written, and NaN and Infinity refused.

    `source` is the file's name; errors give it with the line.
    """
    try:
        data = json.loads(document, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise TidegaugeError(f"{source}: not a JSON document: {error!s:.120}", HINT) from None
    return parse_usage(data, json_place(source, document))


def parse_usage(data: object, top: Place = Place("usage")) -> Usage:  # noqa: B008 - a frozen record
    """The usage in a JSON document, or an error (exit 2) that names the place and the fix."""
    row = _object(data, top, _KEYS)
    if row.get("schema_version") != SCHEMA_VERSION or isinstance(row["schema_version"], bool):
        raise TidegaugeError(
            f"{top / 'schema_version'} is {row.get('schema_version')!r:.40}",
            f"this program reads {SCHEMA_VERSION}",
        )
    items, unknown = _list(row, "items", top), _list(row, "unknown", top, [])
    return Usage(
        region=_text(row, "region", top),
        window_s=_window(row.get("window_s"), top / "window_s"),
        items=tuple(_item(item, top / "items" / index) for index, item in enumerate(items)),
        unknown=tuple(_gap(gap, top / "unknown" / index) for index, gap in enumerate(unknown)),
        notes=tuple(str(note) for note in _list(row, "notes", top, [])),
    )


def parse_quantity(written: object, where: Place | str) -> Decimal:
    """A quantity that is finite, not negative and of sane size."""
    # A float's shortest decimal is what its author wrote.
    shown = written if isinstance(written, str) else str(written)
    if isinstance(written, bool) or not isinstance(written, str | int | float | Decimal):
        raise TidegaugeError(f"{where} is {shown!r:.40}, not a number", HINT)
    if re.fullmatch(r"-.*", shown, re.DOTALL):
        raise TidegaugeError(f"{where} is negative: {shown:.40}", "usage cannot be given back")
    if not _NUMBER.fullmatch(shown):
        raise TidegaugeError(f"{where} is {shown!r:.40}, not a finite decimal number", HINT)
    value = Decimal(shown)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # the pattern lets no NaN or Infinity through
    if value > QUANTITY_MAX or -exponent > QUANTITY_PLACES_MAX:
        raise TidegaugeError(f"{where} is out of range: {shown:.40}", "at most 1e30 units, 60 decimal places")
    return value


def _item(row: object, where: Place) -> UsageItem:
    item = _object(row, where, _ITEM_KEYS)
    provenance = _text(item, "provenance", where)
    if provenance not in PROVENANCES:
        raise TidegaugeError(
            f"{where / 'provenance'} is '{provenance:.40}'", f"one of {', '.join(PROVENANCES)}"
        )
    if "quantity" not in item:
        raise TidegaugeError(f"{where / 'quantity'} is required and missing", HINT)
    return UsageItem(
        flow=_flow(item, where),
        service=_text(item, "service", where),
        unit=_text(item, "unit", where),
        attributes=_attributes(item.get("attributes", {}), where / "attributes"),
        quantity=parse_quantity(item["quantity"], where / "quantity"),
        provenance=PROVENANCES[PROVENANCES.index(provenance)],
        where=where,
    )


def _gap(row: object, where: Place) -> UnknownUsage:
    gap = _object(row, where, _UNKNOWN_KEYS)
    units = gap.get("units_per_1k")
    return UnknownUsage(
        flow=_flow(gap, where),
        service=_text(gap, "service", where),
        unit=_text(gap, "unit", where),
        reason=_text(gap, "reason", where),
        blocking=gap.get("blocking") is not False,  # doubt makes the cost unknown, never too small
        units_per_1k=None if units is None else parse_quantity(units, where / "units_per_1k"),
    )


def _flow(row: Mapping[str, Any], where: Place) -> str | None:
    return None if row.get("flow") is None else _text(row, "flow", where)


def _attributes(data: object, where: Place) -> Attributes:
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise TidegaugeError(f"{where} is not an object of strings", 'for example {"geo": "us"}')
    return sorted_attributes(data)


def _window(written: object, where: Place) -> Decimal:
    value = parse_quantity(written, where)
    if value == 0:
        raise TidegaugeError(f"{where} is 0", "give the seconds in which the units were consumed")
    return value


def _text(row: Mapping[str, Any], key: str, where: Place) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise TidegaugeError(f"{where / key} is {value!r:.40}, not a text", HINT)
    return value


def _list(row: Mapping[str, Any], key: str, where: Place, missing: list[Any] | None = None) -> list[Any]:
    value = row.get(key, missing)
    if not isinstance(value, list):
        raise TidegaugeError(f"{where / key} is not a list", HINT)
    return value


def _object(data: object, where: Place, keys: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise TidegaugeError(f"{where} is not an object", HINT)
    for key in data:
        if key not in keys:
            raise TidegaugeError(f"{where / key}: unknown key '{key!s:.60}'", nearest(str(key), keys))
    return data


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a quantity")
