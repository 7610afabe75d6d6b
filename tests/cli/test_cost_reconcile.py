"""`cost reconcile` as its users call it, on bills whose charges and causes are known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.billed_exports import Charge, Layout, write_export
from tests.support.run_records import run_record
from tests.support.served import program, tidegauge
from tidegauge.plan import Flow, Plan, Step
from tidegauge.shapes import Constant
from tidegauge.stack import Stack
from tidegauge.store import RunFolder

ESTIMATE = """name = "small"
[scenario]
messages_per_month = 3_000_000
[[line]]
id = "cache"
service = "elasticache"
unit = "node_hour"
attributes = { engine = "redis", node_type = "cache.r6g.large" }
quantity = 2190
price = 0.206
[[line]]
id = "queue"
service = "sqs"
unit = "standard_request"
quantity = 3_000_000
price = 0.4
[[line]]
id = "secrets"
service = "secretsmanager"
unit = "secret_month"
quantity = 4
price = 0.4
"""
NODES = Charge(  # 3 nodes for the 720 hours of a November
    product="AmazonElastiCache",
    usage_type="NodeUsage:cache.r6g.large",
    unit="Hrs",
    quantity="2160.0000000000",
    rate="0.2060000000",
    cost="444.9600000000",
    operation="CreateCacheCluster:0002",
    description="$0.206 per R6g.Large Cache Node-hour running Redis",
    details={"cache_engine": "Redis"},
    tags={"user_project": "media"},
)
FREE_CALLS = Charge(
    product="AWSQueueService",
    usage_type="Requests-RBP",
    unit="Requests",
    quantity="1000000",
    rate="0.0000000000",
    cost="0.0000000000",
    description="First 1,000,000 Amazon SQS Requests per month are free",
)
CALLS = Charge(
    product="AWSQueueService",
    usage_type="Requests-RBP",
    unit="Requests",
    quantity="2000000",
    rate="0.0000004000",
    cost="0.8000000000",
    description="$0.40 per million Amazon SQS standard requests",
)
SECRETS = Charge(
    product="AWSSecretsManager",
    usage_type="USE1-AWSSecretsManager-Secrets",
    unit="Secrets",
    quantity="4",
    rate="0.4",
    cost="1.60",
)
AS_EXPECTED = (NODES, FREE_CALLS, CALLS, SECRETS)  # 444.96 + .80 + 1.60 = 447.36
GATEWAY = Charge(
    product="AmazonEC2", usage_type="NatGateway-Hours", unit="Hrs", quantity="720", rate="0.045", cost="32.40"
)
VOLUME = Charge(
    product="AmazonEC2",
    usage_type="EBS:VolumeUsage.gp3",
    unit="GB-Mo",
    quantity="10",
    rate="0.08",
    cost="0.80",
)


def changed(charge: Charge, **changes: Any) -> Charge:
    fields = {name: getattr(charge, name) for name in charge.__slots__}
    return Charge(**{**fields, **changes})


@pytest.fixture
def estimate(tmp_path: Path) -> Path:
    path = tmp_path / "estimate.toml"
    path.write_text(ESTIMATE, encoding="utf-8")
    return path


def reconciled(
    estimate: Path,
    charges: Iterable[Charge],
    *options: object,
    layout: Layout = "cur2",
    name: str = "bill.csv",
) -> tuple[int, dict[str, Any]]:
    bill = write_export(estimate.parent / name, layout, charges)
    code, document, _ = tidegauge("cost", "reconcile", bill, "--estimate", estimate, *options)
    return code, document


def sums_hold(document: Mapping[str, Any]) -> None:
    """Lines make the bill, parts make lines, causes make the difference: to the last digit."""
    lines = document["lines"]
    assert sum(Decimal(line["billed"]) for line in lines) == Decimal(document["bill_total"])
    assert sum(Decimal(line["expected"]) for line in lines) == Decimal(document["expected_total"])
    for line in lines:
        assert sum(Decimal(part["amount"]) for part in line["parts"]) == Decimal(line["difference"])
    difference = Decimal(document["bill_total"]) - Decimal(document["expected_total"])
    assert sum(map(Decimal, document["causes"].values())) == difference == Decimal(document["difference"])


@pytest.mark.option("cost reconcile --estimate", "cost reconcile --json")
@pytest.mark.parametrize("name", ["bill.csv", "bill.csv.gz", "bill.parquet"])
@pytest.mark.parametrize("layout", ["cur2", "focus-1.0", "focus-1.2"])
def test_a_bill_as_expected_passes_in_every_format(estimate: Path, layout: Layout, name: str) -> None:
    code, document = reconciled(estimate, AS_EXPECTED, layout=layout, name=name)
    assert (code, document["verdict"], document["complete"]) == (0, "PASS", True)
    assert (document["bill_total"], document["expected_total"]) == ("447.36", "447.36")
    assert (document["causes"], document["unmapped"], document["deviation"]) == ({}, [], "0")
    assert document["bill"]["format"] == {"cur2": "CUR 2.0"}.get(layout, layout.upper().replace("-", " "))
    sums_hold(document)


TERMS = [
    (
        "credit",
        changed(NODES, type="Credit", cost="-50", quantity="0", description="Promotional credit"),
        "-50",
    ),
    ("refund", changed(NODES, type="Refund", cost="-20.6", quantity="0"), "-20.6"),
    ("tax", Charge(product="AmazonElastiCache", type="Tax", cost="12.34"), "12.34"),
    ("discount", changed(NODES, type="EdpDiscount", cost="-4.4496", quantity="0"), "-4.4496"),
    ("support", Charge(product="AWSSupportBusiness", type="Fee", cost="100", usage_type="Dollar"), "100"),
    (
        "savings_plan",
        Charge(product="ComputeSavingsPlans", type="SavingsPlanRecurringFee", cost="7.2"),
        "7.2",
    ),
    ("reserved", changed(NODES, type="RIFee", cost="90", quantity="0"), "90"),
]


@pytest.mark.parametrize(("cause", "charge", "amount"), TERMS, ids=[term[0] for term in TERMS])
def test_what_a_bill_has_beside_usage_is_named_and_explained(
    estimate: Path, cause: str, charge: Charge, amount: str
) -> None:
    code, document = reconciled(estimate, [*AS_EXPECTED, charge])
    assert (code, document["causes"], document["unexplained"]) == (0, {cause: amount}, "0")
    sums_hold(document)


FOCUS_TERMS = [
    ("credit", changed(NODES, type="Credit", cost="-50"), "-50"),
    ("tax", Charge(product="AmazonElastiCache", type="Tax", cost="12.34"), "12.34"),
    ("refund", changed(NODES, type="Refund", cost="-20.6", quantity="-100"), "-20.6"),
    ("rounding", Charge(type="Rounding", cost="0.004", description="Rounding of the invoice"), "0.004"),
    ("support", Charge(product="AWSSupportBusiness", type="Fee", cost="100"), "100"),
    (
        "savings_plan",
        Charge(type="SavingsPlanRecurringFee", cost="7.2", commitment="Compute Savings Plans"),
        "7.2",
    ),
]


@pytest.mark.parametrize(("cause", "charge", "amount"), FOCUS_TERMS, ids=[term[0] for term in FOCUS_TERMS])
def test_focus_names_the_same_terms(estimate: Path, cause: str, charge: Charge, amount: str) -> None:
    code, document = reconciled(estimate, [*AS_EXPECTED, charge], layout="focus-1.2", name="bill.parquet")
    assert (code, document["causes"]) == (0, {cause: amount})
    sums_hold(document)


def test_reserved_nodes_are_billed_for_their_fee_and_not_for_their_hours(estimate: Path) -> None:
    covered = changed(NODES, type="DiscountedUsage", quantity="1440", cost="0")  # two of the three nodes
    open_ = changed(NODES, quantity="720", cost="148.32")
    fee = changed(NODES, type="RIFee", quantity="0", cost="200")
    code, document = reconciled(estimate, [covered, open_, fee, *AS_EXPECTED[1:]])
    # 1,440 hours x .206 = 296.64 less, and a fee of 200 more
    assert (code, document["causes"]) == (0, {"reserved": "-96.64"})
    sums_hold(document)


@pytest.mark.parametrize(
    ("commitment", "cause"), [("Reserved Node", "reserved"), ("Compute Savings Plans", "savings_plan")]
)
def test_focus_says_what_covers_usage(estimate: Path, commitment: str, cause: str) -> None:
    covered = changed(NODES, cost="0", quantity="1440", commitment=commitment)
    open_ = changed(NODES, quantity="720", cost="148.32")
    code, document = reconciled(estimate, [covered, open_, *AS_EXPECTED[1:]], layout="focus-1.0")
    assert (code, document["causes"]) == (0, {cause: "-296.64"})  # 1,440 x .206
    sums_hold(document)


def test_a_savings_plan_is_covered_usage_its_negation_and_a_fee(estimate: Path) -> None:
    task = Charge(
        product="AmazonECS", usage_type="USE1-Fargate-vCPU-Hours:perCPU", unit="hours", quantity="100",
        rate="0.04048", cost="4.048", type="SavingsPlanCoveredUsage",
    )  # fmt: skip
    negation = changed(task, type="SavingsPlanNegation", cost="-4.048")
    fee = Charge(product="ComputeSavingsPlans", type="SavingsPlanRecurringFee", cost="3.2")
    estimate.write_text(
        ESTIMATE + '[[line]]\nid = "tasks"\nservice = "fargate"\nunit = "vcpu_second"\n'
        'attributes = { arch = "x86", capacity = "on_demand" }\nquantity = 365_000\nprice = 0.04048\n',
        encoding="utf-8",
    )  # 365,000 s a month of 730 hours are 100 hours of one of 720
    code, document = reconciled(estimate, [*AS_EXPECTED, task, negation, fee])
    assert (code, document["causes"]) == (0, {"savings_plan": "-0.848"})
    sums_hold(document)


@pytest.mark.parametrize("name", ["bill.csv", "bill.parquet"])
def test_a_discount_that_is_a_column_is_part_of_the_bill(estimate: Path, name: str) -> None:
    code, document = reconciled(estimate, [changed(NODES, net="400.4640"), *AS_EXPECTED[1:]], name=name)
    assert (code, document["causes"], document["bill_total"]) == (0, {"discount": "-44.496"}, "402.864")
    sums_hold(document)


def test_a_column_of_net_costs_that_is_all_nothing_says_nothing(estimate: Path) -> None:
    code, document = reconciled(estimate, [changed(each, net="0.0") for each in AS_EXPECTED])
    assert (code, document["bill_total"]) == (0, "447.36")


def test_rows_rounded_to_the_cent_differ_by_rounding(estimate: Path) -> None:
    hours = [changed(NODES, quantity="3", cost="0.62", rate="0.206")] * 720  # .618 each
    code, document = reconciled(estimate, [*hours, *AS_EXPECTED[1:]])
    assert (code, document["causes"]) == (0, {"rounding": "1.44"})  # 720 x .002
    sums_hold(document)


def test_free_units_that_the_bill_does_not_give_are_the_free_tiers(estimate: Path) -> None:
    charged = changed(CALLS, quantity="3000000", cost="1.20")
    code, document = reconciled(estimate, [NODES, charged, SECRETS])
    assert (code, document["causes"]) == (0, {"free_tier": "0.4"})
    sums_hold(document)


def test_free_units_that_the_price_book_does_not_know_are_the_free_tiers_too(estimate: Path) -> None:
    free = changed(NODES, quantity="750", rate="0", cost="0", description="750 hours free tier")
    paid = changed(NODES, quantity="1410", cost="290.46")
    code, document = reconciled(estimate, [free, paid, *AS_EXPECTED[1:]])
    assert (code, document["causes"]) == (0, {"free_tier": "-154.5"})  # 750 x .206
    sums_hold(document)


def test_another_price_and_another_quantity_are_told_apart(estimate: Path) -> None:
    nodes = changed(NODES, quantity="4320", rate="0.25", cost="1080")
    code, document = reconciled(estimate, [nodes, *AS_EXPECTED[1:]])
    # 2,160 hours more x .206, and 4,320 x .044
    assert (code, document["causes"]) == (10, {"quantity": "444.96", "price": "190.08"})
    line = next(line for line in document["lines"] if line["service"] == "elasticache")
    assert line["cause"] == "quantity"
    assert line["parts"][0]["message"] == "billed 4,320 node_hour, expected 2,160 node_hour"
    assert line["parts"][1]["message"] == "billed at $0.25 / node-hour, the price book has $0.206"
    sums_hold(document)


def test_what_nobody_expected_and_what_nobody_billed_have_names(estimate: Path) -> None:
    code, document = reconciled(estimate, [NODES, GATEWAY, FREE_CALLS, CALLS])
    assert (code, document["causes"]) == (0, {"not_in_architecture": "32.4", "not_billed": "-1.6"})
    assert document["unexplained"] == "34"  # too much does not hide too little
    sums_hold(document)


@pytest.mark.option("cost reconcile --tolerance")
@pytest.mark.parametrize(("tolerance", "code"), [("0.0712", 0), ("0.071", 10)])
def test_the_tolerance_is_a_share_of_the_bill(estimate: Path, tolerance: str, code: int) -> None:
    found = reconciled(estimate, [GATEWAY, NODES, FREE_CALLS, CALLS], "--tolerance", tolerance)
    assert found[0] == code  # 34 of 478.16 are .07110
    assert found[1]["deviation"].startswith("0.0711")


def test_usage_types_without_a_price_are_listed_and_keep_the_verdict_open(estimate: Path) -> None:
    code, document = reconciled(estimate, [*AS_EXPECTED, VOLUME])
    assert (code, document["verdict"], document["complete"]) == (11, "INCONCLUSIVE", False)
    (unmapped,) = document["unmapped"]
    assert (unmapped["usage_type"], unmapped["billed"], unmapped["unit"]) == (
        "EBS:VolumeUsage.gp3",
        "0.8",
        "GB-Mo",
    )
    assert document["bill_total"] == "448.16"
    sums_hold(document)


def test_unmapped_usage_that_costs_nothing_is_listed_and_changes_nothing(estimate: Path) -> None:
    code, document = reconciled(estimate, [*AS_EXPECTED, changed(VOLUME, cost="0", rate="0")])
    assert (code, len(document["unmapped"])) == (0, 1)


def test_what_an_unmapped_charge_may_be_is_not_called_missing(estimate: Path) -> None:
    unknown = changed(NODES, usage_type="NodeUsage:cache.new.large")
    code, document = reconciled(estimate, [unknown, *AS_EXPECTED[1:]])
    assert (code, document["causes"]) == (11, {"unmapped": "444.96", "not_billed": "-444.96"})


def test_another_regions_usage_is_unmapped(estimate: Path) -> None:
    _, document = reconciled(estimate, [*AS_EXPECTED, changed(GATEWAY, usage_type="EU-NatGateway-Hours")])
    assert (
        document["unmapped"][0]["why"] == "the price book of us-east-1 has no AmazonEC2 EU-NatGateway-Hours"
    )


@pytest.mark.parametrize(
    ("change", "engine"),
    [
        ({"details": {"cache_engine": "Valkey"}}, "valkey"),
        ({"details": {}, "description": "$0.1648 per Cache Node-hour running Valkey"}, "valkey"),
        ({"details": {}, "description": ""}, "redis"),  # the only one that is expected
    ],
)
def test_one_usage_type_of_two_prices_is_told_by_what_the_row_says(
    estimate: Path, change: dict[str, Any], engine: str
) -> None:
    _, document = reconciled(estimate, [changed(NODES, **change), *AS_EXPECTED[1:]])
    billed = [
        line for line in document["lines"] if line["service"] == "elasticache" and line["billed"] != "0"
    ]
    assert [line["attributes"]["engine"] for line in billed] == [engine]


def test_a_month_that_is_not_over_is_scaled_and_left_open(estimate: Path) -> None:
    """Ten of thirty days: 240 hours of three nodes, a third of secrets and calls, and all of these free."""
    end = "2026-11-11T00:00:00Z"
    rows = [
        changed(NODES, quantity="720", cost="148.32", end=end),
        changed(FREE_CALLS, end=end),
        changed(SECRETS, quantity="1.3333333333", cost="0.5333333333", end=end),
    ]
    code, document = reconciled(estimate, rows)
    assert (code, document["verdict"]) == (11, "INCONCLUSIVE")
    assert document["doubts"] == ["the bill's usage ends after 240 of 720 hours: its month is not over"]
    assert set(document["causes"]) <= {"rounding"}
    sums_hold(document)


@pytest.mark.option("cost reconcile --tag")
@pytest.mark.parametrize("layout", ["cur2", "focus-1.0"])
@pytest.mark.parametrize("name", ["bill.csv", "bill.parquet"])
def test_a_tag_leaves_out_the_rest(estimate: Path, layout: Layout, name: str) -> None:
    tagged = [changed(each, tags={"user_project": "media"}) for each in AS_EXPECTED]
    others = [changed(GATEWAY, tags={"user_project": "web"}), VOLUME]
    options = ("--tag", "Project=media")
    code, document = reconciled(estimate, [*tagged, *others], *options, layout=layout, name=name)
    assert (code, document["bill_total"], document["bill"]["total"]) == (0, "447.36", "480.56")
    assert document["bill"]["left_out"] == [{"why": "without the tag", "rows": 2, "amount": "33.2"}]


def test_a_tag_that_no_charge_has_is_a_mistake(estimate: Path) -> None:
    code, document = reconciled(estimate, AS_EXPECTED, "--tag", "Project=other")
    assert (code, document["error"]["message"]) == (2, "no charge of the bill has the tag Project=other")


def test_lines_are_split_by_the_tags_of_their_resources(estimate: Path) -> None:
    two = changed(NODES, quantity="1440", cost="296.64", tags={"user_project": "media"})
    one = changed(NODES, quantity="720", cost="148.32", tags={})
    _, document = reconciled(estimate, [two, one, *AS_EXPECTED[1:]])
    line = next(line for line in document["lines"] if line["service"] == "elasticache")
    assert line["tags"] == [
        {"tags": {}, "billed": "148.32"},
        {"tags": {"user_project": "media"}, "billed": "296.64"},
    ]


def write_run(folder: Path, *, minute: int = 20, architecture: Path | None = None) -> Path:
    """A run of 600 s from 14:20 UTC on 3 November 2026 that sent two million messages to a queue."""
    folder.mkdir()
    phase = Constant(shape="constant", rate_per_s=1, duration_s=600)
    plan = Plan(arrivals=(phase,), flow=(Flow(name="view", step=(Step(path="/"),)),))
    start = 1793714400 + minute * 60  # after 2026-11-03T14:00:00Z
    record = run_record(
        plan,
        Stack(api_url="http://h", allowed_hosts=("h",)),
        start_unix_s=float(start),
        architecture=None if architecture is None else str(architecture),
    )
    RunFolder(folder).write_run(record)
    item = {"flow": "view", "service": "sqs", "unit": "standard_request", "quantity": "2000000"}
    usage = {"schema_version": 1, "region": "us-east-1", "window_s": 600}
    items = [{**item, "provenance": "counted"}]
    (folder / "usage.json").write_text(json.dumps({**usage, "items": items}), encoding="utf-8")
    return folder


def hourly(charge: Charge, *hours: int, **changes: Any) -> list[Charge]:
    return [
        changed(
            charge, start=f"2026-11-03T{hour:02}:00:00Z", end=f"2026-11-03T{hour + 1:02}:00:00Z", **changes
        )
        for hour in hours
    ]


@pytest.mark.option("cost reconcile --run")
@pytest.mark.parametrize("layout", ["cur2", "focus-1.2"])
def test_a_runs_hours_are_held_against_its_usage_and_its_architecture(tmp_path: Path, layout: Layout) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "net.yaml").write_text(
        "Resources: {Nat: {Type: 'AWS::EC2::NatGateway', Properties: {SubnetId: s}}}", encoding="utf-8"
    )
    rows = [
        *hourly(GATEWAY, *range(12, 18), quantity="1", cost="0.045"),
        *hourly(CALLS, 14),
        changed(NODES, type="Credit", cost="-9"),
    ]
    bill = write_export(tmp_path / "bill.csv", layout, rows)
    run = write_run(tmp_path / "run", architecture=templates)
    code, document, _ = tidegauge("cost", "reconcile", bill, "--run", run)
    assert (code, document["causes"], document["bill_total"]) == (0, {}, "0.845")
    assert document["expected_from"]["from"] == "2026-11-03T14:00:00+00:00"
    # five other hours of the gateway, and a credit of the whole month
    assert document["bill"]["left_out"] == [{"why": "outside the run's hours", "rows": 6, "amount": "-8.775"}]
    sums_hold(document)


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        (
            hourly(CALLS, 13),
            "the bill's usage ends at 2026-11-03 14:00 UTC, the run's hours are 2026-11-03 14:00 to",
        ),
        ([CALLS], "the bill's rows are of up to 720 hours, the run's are 1: export by the hour"),
        ([changed(NODES, type="Tax", cost="1")], "the bill has no usage at all"),
    ],
)
def test_a_bill_that_is_not_of_the_runs_hours_says_nothing_of_it(
    tmp_path: Path, rows: Sequence[Charge], doubt: str
) -> None:
    bill = write_export(tmp_path / "bill.csv", "cur2", rows)
    code, document, _ = tidegauge("cost", "reconcile", bill, "--run", write_run(tmp_path / "run"))
    assert (code, document["verdict"]) == (11, "INCONCLUSIVE")
    assert document["doubts"][0].startswith(doubt)


def test_a_bill_of_another_month_says_nothing_of_a_run(tmp_path: Path) -> None:
    period = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    october = changed(CALLS, start=period[0], end=period[1])
    bill = write_export(tmp_path / "bill.csv", "cur2", [october], period)
    code, document, _ = tidegauge("cost", "reconcile", bill, "--run", write_run(tmp_path / "run"))
    assert code == 11
    assert document["doubts"][0].startswith("the bill's period is 2026-10-01 00:00 to 2026-11-01 00:00 UTC")


def test_a_stack_that_was_made_for_the_run_has_no_usage_before_it(tmp_path: Path) -> None:
    bill = write_export(tmp_path / "bill.csv", "cur2", hourly(CALLS, 14))
    run = write_run(tmp_path / "run")
    assert tidegauge("cost", "reconcile", bill, "--run", run)[1]["complete"] is True


def test_a_run_over_two_hours_takes_both(tmp_path: Path) -> None:
    bill = write_export(
        tmp_path / "bill.csv", "cur2", hourly(CALLS, 13, 14, 15, quantity="1000000", cost="0.4")
    )
    code, document, _ = tidegauge("cost", "reconcile", bill, "--run", write_run(tmp_path / "run", minute=55))
    assert (code, document["bill_total"], document["causes"]) == (0, "0.8", {})


@pytest.mark.option("cost reconcile --prices")
def test_another_price_book_may_be_given(estimate: Path, tmp_path: Path) -> None:
    code, document = reconciled(estimate, AS_EXPECTED, "--prices", tmp_path / "none.json")
    assert (code, "none.json" in document["error"]["message"]) == (2, True)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "give a run or an estimate"),
        (("--estimate", "e.toml", "--run", "r"), "give a run or an estimate"),
        (("--estimate", "e.toml", "--tag", "media"), "--tag: 'media' is not KEY=VALUE"),
        (("--estimate", "e.toml", "--tag", "=media"), "is not KEY=VALUE"),
    ],
)
def test_what_is_asked_for_must_be_clear(tmp_path: Path, options: Sequence[str], problem: str) -> None:
    bill = write_export(tmp_path / "bill.csv", "cur2", AS_EXPECTED)
    code, document, _ = tidegauge("cost", "reconcile", bill, *options)
    assert (code, problem in document["error"]["message"]) == (2, True)


def test_people_read_lines_causes_and_what_is_in_doubt(estimate: Path) -> None:
    bill = write_export(estimate.parent / "bill.csv", "cur2", [*AS_EXPECTED, VOLUME, TERMS[0][1]])
    code, out, err = program("cost", "reconcile", bill, "--estimate", estimate)
    assert (code, out) == (11, "")
    assert "CUR 2.0, 2026-11-01 to 2026-12-01, 1 file: $398.16" in err
    assert "unmapped: AmazonEC2 EBS:VolumeUsage.gp3, $0.80" in err
    assert "-$50.00  credit" in err
    assert "unexplained: $0.00, 0.0% of the bill: within the tolerance of 10%" in err
    assert "in doubt: charges are unmapped" in err
