"""Bills as AWS delivers them, whole and damaged: what is read, and what is refused by file and line."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.billed_exports import (
    COLUMNS,
    CUR2_COLUMNS,
    Charge,
    Layout,
    cur2_row,
    focus_row,
    rows_of,
    write_csv,
    write_export,
    write_parquet,
)
from tidegauge.collect.bills import sums
from tidegauge.collect.bills.mapping import map_rows
from tidegauge.collect.bills.reading import read_bill
from tidegauge.collect.prices.offer_map import Wanted, find_billed
from tidegauge.collect.prices.packaged import read_offer_map, read_prices
from tidegauge.cost.reconcile.billed import BilledRows
from tidegauge.errors import TidegaugeError

CALLS = Charge(
    product="AWSQueueService",
    usage_type="Requests-RBP",
    unit="Requests",
    quantity="5",
    rate="0.1",
    cost="0.5",
)
UNITS = {"hour": "Hrs", "gb": "GB", "gb_month": "GB-Mo", "count": "Requests"}  # by what offers measure
FIRST, SECOND = (f"2026-11-0{day}T06:00:00.123Z-3695a728-d559-40bd-ac30-ffc97b55248{day}" for day in (2, 3))


def calls(*costs: str, **changes: Any) -> list[Charge]:
    fields = {name: getattr(CALLS, name) for name in CALLS.__slots__}
    return [Charge(**{**fields, "cost": cost, **changes}) for cost in costs]


def refused(*paths: Path, **asked: Any) -> TidegaugeError:
    with pytest.raises(TidegaugeError) as caught:
        read_bill(paths, **asked)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz", "bill.parquet"])
@pytest.mark.parametrize("layout", list(COLUMNS))
def test_equal_charges_are_added_up_exactly(tmp_path: Path, layout: Layout, name: str) -> None:
    path = write_export(tmp_path / name, layout, calls(*["0.1"] * 3))  # 0.1 + 0.1 + 0.1 is not 0.3 in binary
    (group,) = read_bill([path]).groups
    assert (group.amount, group.quantity, group.rows) == (Fraction(3, 10), 15, 3)
    assert (group.usage_type, group.kind, group.rate) == ("Requests-RBP", "usage", Fraction(1, 10))


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1E-10", Fraction(1, 10**10)),
        ("0.000000000000000000000000000001", Fraction(1, 10**30)),
        ("123456789012345.1234567891", Fraction(1234567890123451234567891, 10**10)),
        ("-2.5", Fraction(-5, 2)),
        ("+2.", Fraction(2)),
    ],
)
def test_money_is_what_is_written(tmp_path: Path, written: str, amount: Fraction) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", calls(written, "1e12", "-1e12"))
    assert read_bill([path]).total == amount


@pytest.mark.parametrize("written", ["NaN", "inf", "-Infinity", "1e999", "1,5", "$5", "0x10", "5 ", "five"])
def test_what_is_no_amount_is_refused_with_its_line(tmp_path: Path, written: str) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", calls("1", "2", written))
    error = refused(path)
    assert error.message == f"{path}:4: line_item_unblended_cost: '{written}' is not a number"


def test_a_cell_far_down_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    write_csv(path, CUR2_COLUMNS, rows_of("cur2", calls(*["1"] * 60_000, "x", "1")))
    assert refused(path).message.startswith(f"{path}:60002: ")


def test_not_a_number_in_parquet_is_refused(tmp_path: Path) -> None:
    path = write_export(tmp_path / "bill.parquet", "focus-1.0", calls("1", "nan"))
    assert refused(path).message == f"{path}:3: BilledCost: 'nan' is not a number"


@pytest.mark.parametrize("layout", ["cur2", "focus-1.0"])
def test_currencies_may_not_be_mixed_nor_other_than_dollars(tmp_path: Path, layout: Layout) -> None:
    path = write_export(tmp_path / "bill.csv", layout, [*calls("1"), *calls("1", currency="EUR")])
    error = refused(path)
    assert ":3: " in error.message
    assert "'EUR' is not USD, which prices are in" in error.message
    assert error.hint == "give a bill in US dollars"


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("resource_tags", "{torn", "is not a JSON object"),
        ("resource_tags", '["a"]', "is not a JSON object of texts"),
        ("line_item_usage_end_date", "yesterday", "is not a date and time"),
        ("line_item_usage_start_date", "", "it is empty"),
        ("line_item_unblended_cost", "", "it is empty"),
        ("line_item_usage_amount", "many", "is not a number"),
        ("bill_billing_period_start_date", "0001-01-01", "is out of range"),
    ],
)
def test_a_cell_that_its_column_cannot_hold_is_named(
    tmp_path: Path, column: str, value: str, problem: str
) -> None:
    rows = [cur2_row(CALLS, 1), {**cur2_row(CALLS, 2), column: value}]
    error = refused(write_csv(tmp_path / "bill.csv", CUR2_COLUMNS, rows))
    assert error.message.startswith(f"{tmp_path}/bill.csv:3: {column}: ")
    assert problem in error.message


@pytest.mark.parametrize(
    "column", ["line_item_unblended_cost", "line_item_usage_type", "line_item_currency_code"]
)
def test_a_column_that_is_missing_is_named(tmp_path: Path, column: str) -> None:
    columns = [name for name in CUR2_COLUMNS if name != column]
    path = write_csv(tmp_path / "bill.csv", columns, [cur2_row(CALLS, 1)])
    assert refused(path).message == f"{path}:1: a CUR 2.0 export without the column {column}"


def test_optional_columns_may_be_missing_and_names_in_other_case(tmp_path: Path) -> None:
    kept = ("BilledCost", "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargeCategory")
    kept += ("ChargePeriodStart", "ChargePeriodEnd", "ServiceName")
    rows = [{name.lower(): value for name, value in focus_row(CALLS, 1).items()}]
    bill = read_bill([write_csv(tmp_path / "bill.csv", [name.lower() for name in kept], rows)])
    assert (bill.layout, bill.total) == ("FOCUS 1.0", Fraction(1, 2))


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-300])


def spoilt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-300] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", [torn, spoilt])
@pytest.mark.parametrize("name", ["bill.csv.gz", "bill.parquet"])
def test_a_damaged_file_is_refused_and_not_half_read(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    many = [each for number in range(3000) for each in calls(f"{number * 7919 % 10007}.{number}")]
    path = write_export(tmp_path / name, "cur2", many)
    damage(path)
    assert str(path) in refused(path).message


OTHERS: list[tuple[str, bytes, str]] = [
    ("empty.csv", b"", "neither a Cost and Usage Report 2.0 nor a FOCUS export"),
    ("text.csv", b"a,b\n1,2\n", "its columns are a, b"),
    ("latin.csv", b"BilledCost,ChargeCategory\xff\n", "it is not UTF-8 text"),
    ("twice.csv", b"BilledCost,billedcost\n", "two columns of one name"),
    ("bill.csv.zip", b"PK\x03\x04rest", "is a zip file"),
    ("legacy.csv", b"identity/LineItemId,lineItem/UnblendedCost\n", "a legacy Cost and Usage Report"),
    ("torn.csv.gz", gzip.compress(b"x" * 100, mtime=0)[:20], "the gzip file is torn"),
    ("torn.parquet", b"PAR1torn", "cannot be read: it is damaged"),
]


@pytest.mark.parametrize(("name", "content", "problem"), OTHERS, ids=[other[0] for other in OTHERS])
def test_what_is_no_bill_is_refused_with_what_it_is(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    error = refused(path)
    assert problem in error.message
    assert str(path) in error.message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", calls("1", description="a"))
    path.write_bytes(path.read_bytes().replace(b"a{", b"\xff{").replace(b",a,", b",\xff,"))
    assert "invalid UTF8" in refused(path).message


def test_a_row_of_too_few_values_is_named(tmp_path: Path) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", calls("1", "2"))
    with path.open("a", encoding="utf-8") as file:
        file.write("torn,row\n")
    error = refused(path)
    assert error.message == f"{path}:4: 2 values where the header has {len(CUR2_COLUMNS)}"


def test_quoted_commas_and_line_ends_stay_inside_their_cell(tmp_path: Path) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", calls("1", description='a, "b"\nc'))
    assert [group.description for group in read_bill([path]).groups] == ['a, "b"\nc']


def test_a_bill_without_rows_is_refused_and_a_part_without_rows_is_not(tmp_path: Path) -> None:
    empty = write_export(tmp_path / "1.csv", "cur2", [])
    assert "the bill has no row" in refused(empty).message
    whole = write_export(tmp_path / "2.csv", "cur2", calls("1"))
    assert read_bill([empty, whole]).total == 1


def test_a_bill_is_of_one_period_and_one_format(tmp_path: Path) -> None:
    november = write_export(tmp_path / "1.csv", "cur2", calls("1"))
    october = write_export(
        tmp_path / "2.csv", "cur2", calls("2"), period=("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    )
    assert "of several periods: 2026-10-01 to 2026-11-01, 2026-11-01" in refused(november, october).message
    focus = write_export(tmp_path / "3.csv", "focus-1.0", calls("1"))
    assert "several formats: CUR 2.0 as CSV, FOCUS 1.0 as CSV" in refused(november, focus).message
    parquet = write_export(tmp_path / "4.parquet", "focus-1.0", calls("1"))
    assert "FOCUS 1.0 as CSV, FOCUS 1.0 as Parquet" in refused(focus, parquet).message


def test_parts_in_a_folder_are_one_bill_and_manifests_are_passed_over(tmp_path: Path) -> None:
    data, metadata = tmp_path / "data" / "BILLING_PERIOD=2026-11", tmp_path / "metadata"
    data.mkdir(parents=True)
    metadata.mkdir()
    (metadata / "export-Manifest.json").write_text(json.dumps({"columns": []}), encoding="utf-8")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    for number, cost in enumerate(("1", "2")):
        rows = rows_of("cur2", calls(cost), first=number)
        write_csv(data / f"export-0000{number}.csv.gz", CUR2_COLUMNS, rows)
    bill = read_bill([tmp_path])
    assert (bill.total, len(bill.files)) == (3, 2)
    assert bill.ignored == (f"{metadata}/export-Manifest.json: no part of a bill",)


def test_of_several_deliveries_the_last_one_counts(tmp_path: Path) -> None:
    for name, costs in ((FIRST, ("1",)), (SECOND, ("1", "2"))):
        (tmp_path / name).mkdir()
        write_export(tmp_path / name / "export-00001.csv.gz", "cur2", calls(*costs))
    bill = read_bill([tmp_path])
    assert bill.total == 3
    assert bill.ignored == (f"{tmp_path / FIRST / 'export-00001.csv.gz'}: an earlier delivery than {SECOND}",)


def test_the_same_file_under_two_names_counts_once(tmp_path: Path) -> None:
    first = write_export(tmp_path / "a.csv", "focus-1.0", calls("1"))
    second = tmp_path / "b.csv"
    shutil.copy(first, second)
    bill = read_bill([first, second])
    assert (bill.total, bill.ignored) == (1, (f"{second}: the same file as {first}",))


@pytest.mark.parametrize("layout", ["cur2", "focus-1.0"])
def test_a_part_that_another_one_holds_counts_once(tmp_path: Path, layout: Layout) -> None:
    old = write_export(tmp_path / "old.csv", layout, calls("1", "2"))
    new = write_export(tmp_path / "new.csv.gz", layout, calls("1", "2", "4"))
    bill = read_bill([old, new])
    assert (bill.total, bill.ignored) == (7, (f"{old}: all its rows are in {new} too",))
    assert read_bill([new, old]).total == 7


def test_two_states_of_one_bill_are_refused(tmp_path: Path) -> None:
    old = write_export(tmp_path / "old.csv", "cur2", calls("1", "2"))
    new = write_export(tmp_path / "new.csv", "cur2", calls("1", "3", "4"))  # the second row was corrected
    assert "the same rows of the bill in two states" in refused(old, new).message
    old = write_export(tmp_path / "old.csv", "focus-1.0", calls("1", "2", "5"))
    new = write_export(tmp_path / "new.csv", "focus-1.0", calls("1", "2", "3", "4"))
    assert "the same rows of the bill in two states" in refused(old, new).message


def test_usage_that_is_given_back_is_a_refund(tmp_path: Path) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", [*calls("1"), *calls("-0.5", quantity="-5")])
    groups = {group.kind: (group.amount, group.counts) for group in read_bill([path]).groups}
    assert groups == {"usage": (1, True), "refund": (Fraction(-1, 2), False)}


def test_a_type_of_row_that_nobody_knows_is_kept_under_another_name(tmp_path: Path) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", calls("1", type="NewThing"))
    assert [(group.kind, group.counts) for group in read_bill([path]).groups] == [("other", False)]


def test_tags_are_read_alike_from_json_and_from_maps(tmp_path: Path) -> None:
    tags = {"user_project": "media", "user_name": "a, b"}
    found = set()
    for name in ("bill.csv", "bill.parquet"):
        path = write_export(tmp_path / name, "cur2", calls("1", tags=tags))
        found |= {group.tags for group in read_bill([path]).groups}
    assert found == {(("user_name", "a, b"), ("user_project", "media"))}


@pytest.mark.parametrize(
    ("held", "asked", "is_found"),
    [
        ("user_cost_center", "CostCenter", True),
        ("user:CostCenter", "CostCenter", True),
        ("CostCenter", "user:CostCenter", False),  # what is asked for by its prefix has to have it
        ("aws_created_by", "createdBy", False),
        ("user_cost_centers", "CostCenter", False),
    ],
)
def test_a_tag_is_found_with_or_without_the_prefix_of_user_tags(
    tmp_path: Path, held: str, asked: str, is_found: bool
) -> None:
    path = write_export(tmp_path / "bill.csv", "cur2", calls("1", tags={held: "x"}))
    assert bool(read_bill([path], tag=(asked, "x")).groups) is is_found
    assert not read_bill([path], tag=(asked, "y")).groups


def test_columns_of_an_unreadable_type_are_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "bill.parquet", CUR2_COLUMNS, rows_of("cur2", calls("1")))
    table = pq.read_table(path)
    at = table.column_names.index("resource_tags")
    table = table.set_column(at, "resource_tags", pa.array([[1, 2]]))
    pq.write_table(table, path)
    assert "column resource_tags is of type list" in refused(path).message


def test_too_many_tags_are_pooled_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "SUMS_MAX", 50)
    many = [each for number in range(200) for each in calls("0.01", tags={"user_id": str(number)})]
    bill = read_bill([write_export(tmp_path / "bill.csv", "cur2", many)])
    assert (bill.total, len(bill.groups)) == (2, 1)
    assert bill.notes == ("it has too many tags and descriptions to be split by them",)
    many = [each for number in range(200) for each in calls("0.01", usage_type=str(number))]
    assert "more than 50 kinds of charges" in refused(write_export(tmp_path / "b.csv", "cur2", many)).message


def test_a_path_without_a_bill_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.csv").message
    assert "no part of a bill" in refused(tmp_path).message


def rows_at(wanted: Wanted, usage_type: str) -> BilledRows:
    """A row of a bill at that price, as an export names it."""
    return BilledRows(
        kind="usage",
        counts=True,
        product=wanted.rule.offer,
        service=wanted.rule.offer,
        usage_type=usage_type,
        operation=wanted.where.get("operation", ""),
        unit=UNITS[wanted.rule.measure],
        description="",
        rate=None,
        amount=Fraction(1),
        quantity=Fraction(1),
        rows=1,
        amount_step=Fraction(1),
        quantity_step=Fraction(1),
        details=dict(wanted.where),
    )


def test_every_price_that_bills_name_is_found_again_by_its_usage_type() -> None:
    book, offer_map = read_prices("us-east-1"), read_offer_map()
    named = find_billed(offer_map, book.prices, "us-east-1")
    assert len(named) > 100
    for wanted in named:
        for usage_type in wanted.usage_types:
            (mapped,) = map_rows([rows_at(wanted, usage_type)], book, offer_map, [wanted.key])
            assert (mapped.key, mapped.quantity) == (wanted.key, wanted.rule.holds), (usage_type, mapped.why)


def test_a_unit_that_the_price_list_does_not_measure_by_is_unmapped() -> None:
    book, offer_map = read_prices("us-east-1"), read_offer_map()
    wanted = next(each for each in find_billed(offer_map, book.prices, "us-east-1") if each.key[0] == "nat")
    rows = replace(rows_at(wanted, min(wanted.usage_types)), unit="Pages")
    (mapped,) = map_rows([rows], book, offer_map, [])
    assert (mapped.key, mapped.why) == (None, "its unit is 'Pages', where the price list has hours")


@pytest.mark.parametrize(
    ("product", "is_found"),
    [("Amazon Simple Queue Service", True), ("AWSQueueService", True), ("AmazonMQ", False)],
)
def test_services_are_told_by_code_and_else_by_the_usage_type(product: str, is_found: bool) -> None:
    book, offer_map = read_prices("us-east-1"), read_offer_map()
    wanted = next(each for each in find_billed(offer_map, book.prices, "us-east-1") if each.key[0] == "sqs")
    rows = replace(rows_at(wanted, min(wanted.usage_types)), product=product, service="")
    (mapped,) = map_rows([rows], book, offer_map, [])
    assert (mapped.key == wanted.key) is is_found
