"""Which column of an export says what.

CUR 2.0: AWS Data Exports, table dictionary of COST_AND_USAGE_REPORT. FOCUS 1.0 to 1.2: focus.finops.org, with
AWS's own columns (x_…), without which usage cannot be told apart. Names are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tidegauge.errors import TidegaugeError

COST, NET, QUANTITY, CURRENCY, TAGS, DETAILS = "cost", "net", "quantity", "currency", "tags", "details"
START, END, PERIOD_START, PERIOD_END = "start", "end", "period_start", "period_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A published format of bills."""

    name: str
    columns: Mapping[str, tuple[str, ...]]  # our name -> theirs; the first that is not empty counts
    required: frozenset[str]  # ours


CUR2 = Layout(
    name="CUR 2.0",
    columns={
        "identity": ("identity_line_item_id",),
        "interval": ("identity_time_interval",),
        "type": ("line_item_line_item_type",),
        "product": ("line_item_product_code",),
        "service": ("product_servicecode",),
        "usage_type": ("line_item_usage_type",),
        "operation": ("line_item_operation",),
        "unit": ("pricing_unit",),
        "rate": ("line_item_unblended_rate",),
        "description": ("line_item_line_item_description",),
        COST: ("line_item_unblended_cost",),
        NET: ("line_item_net_unblended_cost",),
        QUANTITY: ("line_item_usage_amount",),
        CURRENCY: ("line_item_currency_code",),
        TAGS: ("resource_tags", "tags"),
        DETAILS: ("product",),
        START: ("line_item_usage_start_date",),
        END: ("line_item_usage_end_date",),
        PERIOD_START: ("bill_billing_period_start_date",),
        PERIOD_END: ("bill_billing_period_end_date",),
    },
    required=frozenset(
        ("type", "product", "usage_type", COST, QUANTITY, CURRENCY, START, END, PERIOD_START, PERIOD_END)
    ),
)
FOCUS = Layout(
    name="FOCUS",
    columns={
        "type": ("ChargeCategory",),
        "class": ("ChargeClass",),
        "product": ("x_ServiceCode", "ServiceName"),
        "service": ("x_ServiceCode",),
        "usage_type": ("x_UsageType", "SkuMeter"),
        "operation": ("x_Operation",),
        "unit": ("PricingUnit", "ConsumedUnit"),
        "rate": ("ContractedUnitPrice", "ListUnitPrice"),
        "description": ("ChargeDescription",),
        "commitment": ("CommitmentDiscountType", "CommitmentDiscountId"),
        "commitment_status": ("CommitmentDiscountStatus",),
        COST: ("BilledCost",),
        QUANTITY: ("PricingQuantity", "ConsumedQuantity"),
        CURRENCY: ("BillingCurrency",),
        TAGS: ("Tags",),
        DETAILS: ("SkuPriceDetails",),
        START: ("ChargePeriodStart",),
        END: ("ChargePeriodEnd",),
        PERIOD_START: ("BillingPeriodStart",),
        PERIOD_END: ("BillingPeriodEnd",),
    },
    required=frozenset(("type", "product", COST, CURRENCY, START, END, PERIOD_START, PERIOD_END)),
)
MARKS = (
    (CUR2, ("line_item_unblended_cost", "line_item_line_item_type")),
    (FOCUS, ("billedcost", "chargecategory")),
)
LEGACY = "lineitem/unblendedcost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A layout as one file has it."""

    layout: Layout
    columns: Mapping[str, tuple[str, ...]]  # our name -> the file's columns

    @property
    def names(self) -> list[str]:
        """The file's columns that are read, each once."""
        return list(dict.fromkeys(name for names in self.columns.values() for name in names))


def choose_layout(names: Sequence[str], source: str) -> Chosen:
    """The layout of a file with these columns (exit 2 where it has none, or lacks a column)."""
    found = {name.strip().lower(): name for name in names}
    layout = next((layout for layout, marks in MARKS if any(mark in found for mark in marks)), None)
    if layout is None:
        raise _unknown(found, source)
    columns = {
        ours: tuple(found[name.lower()] for name in theirs if name.lower() in found)
        for ours, theirs in layout.columns.items()
    }
    missing = [
        layout.columns[ours][0] for ours in layout.columns if ours in layout.required and not columns[ours]
    ]
    if missing:
        raise TidegaugeError(
            f"{source}:1: a {layout.name} export without the column {', '.join(missing)}",
            "export the whole table: docs/cost.md names the columns that are read",
        )
    return Chosen(layout=layout, columns={ours: theirs for ours, theirs in columns.items() if theirs})


def _unknown(found: Collection[str], source: str) -> TidegaugeError:
    if LEGACY in found:
        return TidegaugeError(
            f"{source}:1: a legacy Cost and Usage Report",
            "make a data export of CUR 2.0 or FOCUS, and give that",
        )
    return TidegaugeError(
        f"{source}:1: neither a Cost and Usage Report 2.0 nor a FOCUS export: its columns are "
        f"{', '.join(sorted(found)) or 'none':.120}",
        "give a data export as CSV, gzip or Parquet; docs/cost.md names its columns",
    )


def layout_version(layout: Layout, names: Sequence[str]) -> str:
    """The layout's name with its version, by the columns that each version of FOCUS brought."""
    if layout is not FOCUS:
        return layout.name
    found = {name.lower() for name in names}
    version = "1.2" if "invoiceid" in found else "1.1" if "skumeter" in found else "1.0"
    return f"{layout.name} {version}"
