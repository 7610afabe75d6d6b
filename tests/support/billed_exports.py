"""Bills made up in the formats that AWS publishes, from charges that are known.

CUR 2.0: the columns of COST_AND_USAGE_REPORT in AWS Data Exports' table dictionary. FOCUS 1.0 and 1.2: those
of "FOCUS with AWS columns" there: the specification's (focus.finops.org) and AWS's own x_….
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

MONTH = ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
Row = dict[str, Any]
ROWS_A_BATCH = 50_000


def _words(text: str) -> list[str]:
    return text.split()


CUR2_COLUMNS = _words("""
bill_bill_type bill_billing_entity bill_billing_period_end_date bill_billing_period_start_date
bill_invoice_id bill_invoicing_entity bill_payer_account_id bill_payer_account_name cost_category discount
discount_bundled_discount discount_total_discount identity_line_item_id identity_time_interval
line_item_availability_zone line_item_blended_cost line_item_blended_rate line_item_currency_code
line_item_legal_entity line_item_line_item_description line_item_line_item_type line_item_net_unblended_cost
line_item_net_unblended_rate line_item_normalization_factor line_item_normalized_usage_amount
line_item_operation line_item_product_code line_item_resource_id line_item_tax_type line_item_unblended_cost
line_item_unblended_rate line_item_usage_account_id line_item_usage_account_name line_item_usage_amount
line_item_usage_end_date line_item_usage_start_date line_item_usage_type pricing_currency
pricing_lease_contract_length pricing_offering_class pricing_public_on_demand_cost
pricing_public_on_demand_rate pricing_purchase_option pricing_rate_code pricing_rate_id pricing_term
pricing_unit product product_comment product_fee_code product_fee_description product_from_location
product_from_location_type product_from_region_code product_instance_family product_instance_type
product_instancesku product_location product_location_type product_operation product_pricing_unit
product_product_family product_region_code product_servicecode product_sku product_to_location
product_to_location_type product_to_region_code product_usagetype reservation_reservation_a_r_n
reservation_effective_cost reservation_end_time reservation_start_time reservation_subscription_id
resource_tags savings_plan_savings_plan_a_r_n savings_plan_savings_plan_effective_cost
savings_plan_savings_plan_rate
""")
FOCUS_1_0_COLUMNS = _words("""
AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd
ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName
CommitmentDiscountStatus CommitmentDiscountType ConsumedQuantity ConsumedUnit ContractedCost
ContractedUnitPrice EffectiveCost InvoiceIssuerName ListCost ListUnitPrice PricingCategory PricingQuantity
PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName ResourceType
ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags x_CostCategories x_Discounts
x_Operation x_ServiceCode x_UsageType
""")
FOCUS_1_2_COLUMNS = FOCUS_1_0_COLUMNS + _words("""
BillingAccountType CapacityReservationId CapacityReservationStatus CommitmentDiscountQuantity
CommitmentDiscountUnit InvoiceId PricingCurrency PricingCurrencyContractedUnitPrice
PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice ServiceSubcategory SkuMeter SkuPriceDetails
SubAccountType
""")
Layout = Literal["cur2", "focus-1.0", "focus-1.2"]
COLUMNS = {"cur2": CUR2_COLUMNS, "focus-1.0": FOCUS_1_0_COLUMNS, "focus-1.2": FOCUS_1_2_COLUMNS}
FOCUS_CATEGORIES = {"Tax": "Tax", "Credit": "Credit", "Fee": "Purchase", "RIFee": "Purchase"}
FOCUS_CATEGORIES |= {"SavingsPlanRecurringFee": "Purchase", "EdpDiscount": "Credit", "Rounding": "Adjustment"}
MAPS = ("resource_tags", "product", "Tags", "SkuPriceDetails", "cost_category", "x_CostCategories")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One row of a bill; texts are written as they are."""

    product: str = "AmazonSQS"
    usage_type: str = ""
    unit: str = ""
    quantity: str = "0"
    rate: str = ""
    cost: str
    net: str = ""  # CUR 2.0: what is left of the cost, where a discount stands in no row of its own
    type: str = "Usage"  # as CUR 2.0 has it
    service: str = ""  # the offer's code, where it is not the product's
    operation: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    currency: str = "USD"
    start: str = MONTH[0]
    end: str = MONTH[1]
    commitment: str = ""  # FOCUS: the type of commitment discount that covers it
    charge_class: str = ""  # FOCUS


def cur2_row(charge: Charge, number: int, period: tuple[str, str] = MONTH) -> Row:
    """A charge as CUR 2.0 has it; `number` makes its id."""
    return {
        "bill_bill_type": "Anniversary",
        "bill_billing_entity": "AWS",
        "bill_billing_period_start_date": period[0],
        "bill_billing_period_end_date": period[1],
        "bill_payer_account_id": "111122223333",
        "identity_line_item_id": f"{number:032x}",
        "identity_time_interval": f"{charge.start}/{charge.end}",
        "line_item_currency_code": charge.currency,
        "line_item_line_item_type": charge.type,
        "line_item_line_item_description": charge.description,
        "line_item_net_unblended_cost": charge.net,
        "line_item_operation": charge.operation,
        "line_item_product_code": charge.product,
        "line_item_unblended_cost": charge.cost,
        "line_item_unblended_rate": charge.rate,
        "line_item_usage_account_id": "111122223333",
        "line_item_usage_amount": charge.quantity,
        "line_item_usage_start_date": charge.start,
        "line_item_usage_end_date": charge.end,
        "line_item_usage_type": charge.usage_type,
        "pricing_unit": charge.unit,
        "product": dict(charge.details),
        "product_servicecode": charge.service or charge.product,
        "resource_tags": dict(charge.tags),
    }


def focus_row(charge: Charge, _number: int, period: tuple[str, str] = MONTH) -> Row:
    """A charge as FOCUS has it."""
    category = FOCUS_CATEGORIES.get(charge.type, "Usage")
    return {
        "BilledCost": charge.cost,
        "BillingAccountId": "111122223333",
        "BillingCurrency": charge.currency,
        "BillingPeriodStart": period[0],
        "BillingPeriodEnd": period[1],
        "ChargeCategory": category,
        "ChargeClass": charge.charge_class or ("Correction" if charge.type == "Refund" else ""),
        "ChargeDescription": charge.description,
        "ChargePeriodStart": charge.start,
        "ChargePeriodEnd": charge.end,
        "CommitmentDiscountType": charge.commitment,
        "CommitmentDiscountId": "arn:aws:example" if charge.commitment else "",
        "CommitmentDiscountStatus": "Used" if charge.commitment and category == "Usage" else "",
        "ConsumedQuantity": charge.quantity if category == "Usage" else "",
        "ConsumedUnit": charge.unit if category == "Usage" else "",
        "ContractedUnitPrice": charge.rate,
        "ListUnitPrice": charge.rate,
        "PricingQuantity": charge.quantity if category == "Usage" else "",
        "PricingUnit": charge.unit if category == "Usage" else "",
        "ProviderName": "AWS",
        "ServiceName": charge.product,
        "SkuPriceDetails": dict(charge.details),
        "Tags": dict(charge.tags),
        "x_Operation": charge.operation,
        "x_ServiceCode": charge.service or charge.product,
        "x_UsageType": charge.usage_type,
    }


def rows_of(
    layout: Layout, charges: Iterable[Charge], period: tuple[str, str] = MONTH, first: int = 0
) -> Iterator[Row]:
    """The charges as rows of a layout."""
    make = cur2_row if layout == "cur2" else focus_row
    return (make(charge, number, period) for number, charge in enumerate(charges, start=first))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Path:
    """A CSV file, packed where its name ends so; maps are JSON texts."""
    with path.open("wb") as raw:
        packed = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if path.suffix == ".gz" else None
        with io.TextIOWrapper(packed or raw, encoding="utf-8", newline="") as text:  # type: ignore[arg-type]
            writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            for row in rows:
                writer.writerow(
                    {name: json.dumps(v) if isinstance(v, dict) else v for name, v in row.items()}
                )
    return path


def write_parquet(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Path:
    """A Parquet file: costs and amounts as doubles, dates as timestamps, maps as maps, as AWS delivers it."""
    schema = pa.schema([pa.field(name, _type(name)) for name in columns])
    with pq.ParquetWriter(path, schema) as writer:
        for some in _batches(rows):
            values = {name: [_value(name, row.get(name)) for row in some] for name in columns}
            writer.write_table(pa.table(values, schema=schema))
    return path


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in lists that fit into memory."""
    left = iter(rows)
    while some := list(itertools.islice(left, ROWS_A_BATCH)):
        yield some


def _type(name: str) -> pa.DataType:
    if name in MAPS:
        return pa.map_(pa.string(), pa.string())
    if name.endswith(("_cost", "Cost", "_usage_amount", "Quantity", "UnitPrice")):
        return pa.float64()
    if name.endswith(("_date", "PeriodStart", "PeriodEnd")):
        return pa.timestamp("ms")
    return pa.string()


def _value(name: str, value: Any) -> Any:
    kind = _type(name)
    if value in ("", None, {}):
        return None
    if pa.types.is_map(kind):
        return list(value.items())
    if pa.types.is_timestamp(kind):
        return dt.datetime.fromisoformat(value).replace(tzinfo=None)
    return float(value) if pa.types.is_floating(kind) else value


def write_export(
    path: Path, layout: Layout, charges: Iterable[Charge], period: tuple[str, str] = MONTH
) -> Path:
    """The charges as a file of that layout, in the format that its name says."""
    rows = rows_of(layout, charges, period)
    write = write_parquet if path.suffix == ".parquet" else write_csv
    return write(path, COLUMNS[layout], rows)
