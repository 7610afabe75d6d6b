"""What sort of charge a row of a bill is.

CUR 2.0: the values of `line_item_line_item_type` in AWS's table dictionary. FOCUS: ChargeCategory,
ChargeClass and the columns about commitment discounts, as the specification defines them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tidegauge.cost.reconcile.billed import (
    ADJUSTMENT,
    CREDIT,
    DISCOUNT,
    FEE,
    FLAT_RATE,
    FREE_TIER,
    OTHER,
    REFUND,
    RESERVED,
    ROUNDING,
    SAVINGS_PLAN,
    SUPPORT,
    TAX,
    USAGE,
)

CUR_TYPES = {
    "Usage": USAGE,
    "SavingsPlanCoveredUsage": USAGE,  # at the price on demand; a SavingsPlanNegation takes it off
    "DiscountedUsage": RESERVED,
    "SavingsPlanNegation": SAVINGS_PLAN,
    "SavingsPlanUpfrontFee": SAVINGS_PLAN,
    "SavingsPlanRecurringFee": SAVINGS_PLAN,
    "RIFee": RESERVED,
    "Fee": FEE,
    "Credit": CREDIT,
    "Refund": REFUND,
    "Tax": TAX,
    "Discount": DISCOUNT,
    "BundledDiscount": DISCOUNT,
    "EdpDiscount": DISCOUNT,
    "PrivateRateDiscount": DISCOUNT,
    "RiVolumeDiscount": DISCOUNT,
    "SppDiscount": DISCOUNT,
    "FlatRateSubscription": FLAT_RATE,
}
COUNTED_BY_CUR = ("Usage", "SavingsPlanCoveredUsage", "DiscountedUsage")
USAGE_TYPES = frozenset(
    (*COUNTED_BY_CUR, "SavingsPlanNegation")
)  # rows about the hours of usage; FOCUS says Usage too
SUPPORT_PRODUCTS = (
    "AWSSupport",
    "AWSPremiumSupport",
    "OCBPremiumSupport",
    "OCBEnterpriseSupport",
    "AWS Support",
)


def kind_of(row: Mapping[str, str], amount: Decimal, quantity: Decimal) -> tuple[str, bool]:
    """(what sort of charge, whether its quantity is usage of its own) of a row, by our names of columns."""
    kind, counts = _focus_kind(row) if "class" in row else _cur_kind(row)
    if kind in (USAGE, FEE) and row["product"].startswith(SUPPORT_PRODUCTS):
        return SUPPORT, False
    if counts and (amount < 0 or quantity < 0):
        return REFUND, False  # usage is given back
    if kind == USAGE and not amount and quantity and _is_free(row):
        return FREE_TIER, True
    return kind, counts


def _cur_kind(row: Mapping[str, str]) -> tuple[str, bool]:
    written = row["type"]
    return CUR_TYPES.get(written, OTHER), written in COUNTED_BY_CUR


def _focus_kind(row: Mapping[str, str]) -> tuple[str, bool]:
    committed = row.get("commitment", "")
    by = None if not committed else SAVINGS_PLAN if "saving" in committed.lower() else RESERVED
    category = row["type"]
    if category in ("Usage", "Purchase") and row["class"] == "Correction":
        return REFUND, False
    if category == "Usage":
        return by or USAGE, row.get("commitment_status") != "Unused"
    if category == "Purchase":
        return by or FEE, False
    if category == "Adjustment":
        return ROUNDING if "round" in row.get("description", "").lower() else ADJUSTMENT, False
    return {"Tax": TAX, "Credit": CREDIT}.get(category, OTHER), False


def _is_free(row: Mapping[str, str]) -> bool:
    """Whether a row of usage that costs nothing is of a free tier: by its rate, or its words."""
    rate = row.get("rate", "")
    if rate.strip("+-0.eE"):
        return False  # a price times so little that it rounds to nothing
    return bool(rate) or "free" in row.get("description", "").lower()
