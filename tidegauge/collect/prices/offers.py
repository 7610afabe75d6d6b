"""AWS's price list as it is published: offer files (JSON or CSV) and replies of `pricing:GetProducts`.

Format: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html. Only the on-demand
rates of wanted usage types are kept, so a CSV file of any size takes little memory; what is kept is checked.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,20})?")  # no exponents: 1E999999 would be a number of a million digits
_CODE = re.compile(r"[A-Za-z0-9]{1,64}")
CSV_COLUMNS = ("usagetype", "termtype", "currency", "startingrange", "endingrange", "priceperunit", "unit")
CSV_HEAD_ROWS = 20  # before its column names; there are 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A stretch of a month's quantity at one price, in the offer's own unit."""

    begin: Decimal
    end: Decimal | None  # null: no end
    usd: Decimal
    unit: str
    effective: str  # ISO time since which it holds; empty where the offer does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A SKU with its on-demand rates."""

    sku: str
    columns: Mapping[str, str]  # attributes by their names in lower-case letters and digits
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is wanted of a service's price list."""

    code: str
    published: str  # ISO day
    products: tuple[Product, ...]


class BadOffer(ValueError):
    """A document that is not an offer, or a wanted rate in it that cannot be."""


def parse_offer_json(text: str, wanted: Collection[str]) -> Iterator[Offer]:
    """The offers in a JSON document: one in an offer file, any number in a reply of GetProducts."""
    try:
        data = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise BadOffer(str(error) or "it is nested too deeply") from None
    yield from parse_offer(data, wanted)


def parse_offer(data: Mapping[str, Any], wanted: Collection[str]) -> Iterator[Offer]:
    """The offers in such a document, parsed; `wanted` are usage types."""
    try:
        if "PriceList" in data:
            for entry in data["PriceList"]:
                item = json.loads(entry) if isinstance(entry, str) else entry
                yield _offer(item["serviceCode"], item["publicationDate"], _reply_products(item, wanted))
        else:
            yield _offer(data["offerCode"], data["publicationDate"], _file_products(data, wanted))
    except KeyError as error:
        raise BadOffer(f"key {error} is missing") from None
    except (TypeError, AttributeError, RecursionError, ValueError) as error:
        raise BadOffer(str(error) or "it is nested too deeply") from None


def parse_offer_csv(lines: Iterable[str], wanted: Collection[str]) -> Iterator[Offer]:
    """The offer in the lines of a CSV offer file, read one row at a time."""
    rows = csv.reader(lines, strict=True)
    try:
        head, names = _csv_head(rows)
        yield _offer(head["offercode"], head["publicationdate"], _csv_products(rows, names, wanted))
    except KeyError as error:
        raise BadOffer(f"line {error} is missing") from None
    except csv.Error as error:
        raise BadOffer(f"row {rows.line_num}: {error}") from None


def _offer(code: object, published: object, products: Iterable[Product]) -> Offer:
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise BadOffer(f"{code!r:.60} is not an offer code")
    day = str(published)[:10]
    try:
        date.fromisoformat(day)
    except ValueError:
        raise BadOffer(f"{published!r:.40} is not a day of publication") from None
    return Offer(code=code, published=day, products=tuple(products))


def _file_products(data: Mapping[str, Any], wanted: Collection[str]) -> Iterator[Product]:
    on_demand = data["terms"].get("OnDemand", {})
    for sku, product in data["products"].items():
        columns = _json_columns(product)
        if columns.get("usagetype", "") in wanted:
            yield _product(sku, columns, _json_rates(on_demand.get(sku, {})))


def _reply_products(item: Mapping[str, Any], wanted: Collection[str]) -> Iterator[Product]:
    columns = _json_columns(item["product"])
    if columns.get("usagetype", "") in wanted:
        yield _product(item["product"]["sku"], columns, _json_rates(item["terms"].get("OnDemand", {})))


def _json_columns(product: Mapping[str, Any]) -> dict[str, str]:
    columns = {_plain(name): str(value) for name, value in product.get("attributes", {}).items()}
    return columns | {"productfamily": str(product.get("productFamily", ""))}


def _json_rates(terms: Mapping[str, Any]) -> Iterator[Rate]:
    for term in terms.values():
        for dimension in term["priceDimensions"].values():
            yield _rate(
                begin=dimension.get("beginRange", "0"),
                end=dimension.get("endRange", "Inf"),
                usd=dimension["pricePerUnit"]["USD"],
                unit=dimension["unit"],
                effective=term.get("effectiveDate", ""),
            )


def _csv_head(rows: Iterator[list[str]]) -> tuple[dict[str, str], list[str]]:
    """(the lines before the table by name, the table's column names)."""
    head: dict[str, str] = {}
    for _ in range(CSV_HEAD_ROWS):
        row = next(rows, [])
        if row[:1] == ["SKU"]:
            names = [_plain(name) for name in row]
            missing = [name for name in CSV_COLUMNS if name not in names]
            if missing:
                raise BadOffer(f"its table has no column {', '.join(missing)}")
            return head, names
        if len(row) >= 2:
            head[_plain(row[0])] = row[1]
    raise BadOffer("it has no line of column names that begins with SKU")


def _csv_products(rows: Iterator[list[str]], names: list[str], wanted: Collection[str]) -> Iterator[Product]:
    found: dict[str, tuple[dict[str, str], list[Rate]]] = {}
    usage_type, term = names.index("usagetype"), names.index("termtype")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise BadOffer(
                f"row {number} of its table has {len(row)} of {len(names)} columns: is it cut off?"
            )
        if row[term] != "OnDemand" or row[usage_type] not in wanted:
            continue
        columns = dict(zip(names, row, strict=True))
        if columns["currency"] != "USD":
            raise BadOffer(f"row {number} of its table is in {columns['currency']:.10}, not in USD")
        rate = _rate(
            begin=columns["startingrange"],
            end=columns["endingrange"],
            usd=columns["priceperunit"],
            unit=columns["unit"],
            effective=columns.get("effectivedate", ""),
        )
        found.setdefault(columns["sku"], (columns, []))[1].append(rate)
    for sku, (columns, rates) in found.items():
        yield _product(sku, columns, rates)


def _product(sku: object, columns: Mapping[str, str], rates: Iterable[Rate]) -> Product:
    if not isinstance(sku, str) or not _CODE.fullmatch(sku):
        raise BadOffer(f"{sku!r:.60} is not a SKU")
    all_rates = tuple(rates)
    # An offer may still list what was before.
    latest = max((rate.effective for rate in all_rates), default="")
    return Product(
        sku=sku, columns=columns, rates=tuple(rate for rate in all_rates if rate.effective == latest)
    )


def _rate(*, begin: object, end: object, usd: object, unit: object, effective: object) -> Rate:
    return Rate(
        begin=_amount(begin),
        end=None if end == "Inf" else _amount(end),
        usd=_amount(usd),
        unit=str(unit),
        effective=str(effective),
    )


def _amount(written: object) -> Decimal:
    if not isinstance(written, str) or not _AMOUNT.fullmatch(written):
        raise BadOffer(f"{written!r:.40} is not a price or bound")
    return Decimal(written)


def _plain(name: str) -> str:
    """A column's name as JSON and CSV share it: 'Pre Installed S/W' and 'preInstalledSw' are one."""
    return re.sub("[^a-z0-9]", "", name.lower())
