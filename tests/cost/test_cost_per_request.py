from __future__ import annotations

from decimal import Decimal
from typing import Any

from cost_builders import BOOK, answered, fixed, item, usage

from tidegauge.cost.architecture.fixed import FixedCost
from tidegauge.cost.per_request import cost_section
from tidegauge.cost.usage import UnknownUsage, Usage, UsageItem
from tidegauge.stored import document_of

US = {"geo": "us"}
VIEW = item("cloudfront", "https_request", 1000, US, flow="view")  # 0.001 USD
UPLOAD = item("s3", "put_request", 200, {"storage_class": "standard"}, flow="upload")  # 0.001 USD
POLLS = item("sqs", "fifo_request", 1000, flow=None)  # 0.0005 USD
ONE_NAT = "Resources: {Nat: {Type: AWS::EC2::NatGateway}}"  # 0.045 USD an hour


def section(
    *items: UsageItem,
    requests: dict[str, int] | None = None,
    architecture: FixedCost | None = None,
    unknown: tuple[UnknownUsage, ...] = (),
    loaded_reason: str | None = None,
    tables: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> dict[str, Any]:
    plain = usage(*items, unknown=unknown)
    found: dict[str, Any] = document_of(
        cost_section(
            Usage(region=plain.region, window_s=plain.window_s, items=items, unknown=unknown, notes=notes),
            BOOK,
            flows=answered(
                {"view": 1000, "upload": 100} if requests is None else requests, {"view": 250, "upload": 20}
            ),
            window_s=60.0,
            architecture=architecture,
            loaded_reason=loaded_reason,
            provisioned_tables=tables,
        )
    )
    return found


def row(cost: dict[str, Any], flow: str) -> dict[str, Any]:
    return next(found for found in cost["by_flow"] if found["flow"] == flow)


def test_a_flow_pays_for_its_own_lines_by_request_and_by_session() -> None:
    cost = section(VIEW, UPLOAD)
    assert row(cost, "view")["per_1k_requests"] == "0.001"  # 0.001 / 1000 x 1000
    assert row(cost, "view")["per_1k_sessions"] == "0.004"  # 0.001 / 250 x 1000
    assert row(cost, "upload")["per_1k_requests"] == "0.01"  # 0.001 / 100 x 1000
    assert row(cost, "upload")["per_1k_sessions"] == "0.05"  # 0.001 / 20 x 1000


def test_shared_lines_are_in_the_total_alone() -> None:
    cost = section(VIEW, UPLOAD, POLLS, requests={"view": 1150, "upload": 100})
    assert cost["marginal_per_1k_requests"] == "0.002"  # 0.0025 / 1250 x 1000
    assert Decimal(row(cost, "upload")["per_1k_requests"]) == Decimal("0.01")
    assert any("shared" in note for note in cost["assumptions"])


def test_the_parts_of_each_service_add_up_to_the_whole_with_what_is_shared() -> None:
    more = item("cloudfront", "https_request", 500, US, flow="view")  # 0.0005 USD
    cost = section(VIEW, more, UPLOAD, POLLS, requests={"view": 1150, "upload": 100})
    assert [(part["service"], part["per_1k_requests"]) for part in cost["by_service"]] == [
        ("cloudfront", "0.0012"),  # 0.0015 / 1250 x 1000
        ("s3", "0.0008"),
        ("sqs", "0.0004"),
    ]
    assert cost["marginal_per_1k_requests"] == "0.0024"
    assert row(cost, "upload")["by_service"] == [{"service": "s3", "per_1k_requests": "0.01"}]


def test_a_cost_that_is_not_known_has_no_parts() -> None:
    cost = section(VIEW, requests={"view": 1000, "upload": 100})
    assert cost["by_service"] == row(cost, "upload")["by_service"] == []


def test_loaded_cost_adds_the_fixed_hours_of_the_window() -> None:
    # fixed: 0.045 / 60 = 0.00075 USD in a minute; (0.002 + 0.00075) / 1100 x 1000 = 0.0025
    cost = section(VIEW, UPLOAD, architecture=fixed(ONE_NAT))
    assert cost["loaded_per_1k_requests"] == "0.0025"
    assert cost["loaded_reason"] is None
    assert cost["fixed"]["hourly"] == "0.045"
    assert cost["fixed"]["monthly"] == "32.85"  # 730 x 0.045


def test_loaded_cost_says_why_it_is_null_without_an_architecture() -> None:
    cost = section(VIEW, UPLOAD, loaded_reason="this stack is a laptop")
    assert (cost["loaded_per_1k_requests"], cost["loaded_reason"]) == (None, "this stack is a laptop")
    assert section(VIEW, UPLOAD)["loaded_reason"] == "the stack names no architecture"


def test_loaded_cost_is_a_lower_bound_and_names_the_resource_whose_price_is_unknown() -> None:
    strange = fixed("Resources: {Db: {Type: AWS::RDS::DBInstance}, Eks: {Type: AWS::EKS::Cluster}}")
    cost = section(VIEW, UPLOAD, architecture=strange)
    assert cost["loaded_per_1k_requests"] == cost["marginal_per_1k_requests"]  # nothing else has a price
    assert (cost["complete"], cost["fixed"]["complete"]) == (False, False)
    assert [(each["resource"], each["type"], each["reason"]) for each in cost["unpriced"]] == [
        ("Db", "AWS::RDS::DBInstance", "no price is known for this resource type"),
        ("Eks", "AWS::EKS::Cluster", "no price is known for this resource type"),
    ]


def test_a_flow_with_an_unknown_line_is_null_with_the_reason_and_so_is_the_total() -> None:
    strange = item("sqs", "fifo_requests", 1, flow="upload")
    cost = section(VIEW, UPLOAD, strange, architecture=fixed(ONE_NAT))
    assert row(cost, "upload")["per_1k_requests"] is None
    assert "fifo_requests" in row(cost, "upload")["reason"]
    assert row(cost, "view")["per_1k_requests"] == "0.001"
    assert cost["marginal_per_1k_requests"] is None
    assert cost["loaded_per_1k_requests"] is None
    assert "fifo_requests" in cost["marginal_reason"]
    assert cost["unknown"][0]["blocking"] is True


def test_unknown_usage_of_every_flow_makes_every_flow_null() -> None:
    gap = UnknownUsage(flow=None, service="sqs", unit="fifo_request", reason="nobody counted", blocking=True)
    cost = section(VIEW, UPLOAD, unknown=(gap, gap))
    assert [found["per_1k_requests"] for found in cost["by_flow"]] == [None, None]
    assert cost["marginal_reason"] == "sqs fifo_request: nobody counted (and 1 more)"


def test_what_lies_outside_the_figure_is_listed_and_does_not_make_it_null() -> None:
    gap = UnknownUsage(flow=None, service="waf", unit="request", reason="no WAF here", blocking=False)
    cost = section(VIEW, UPLOAD, unknown=(gap,))
    assert cost["marginal_per_1k_requests"] is not None
    assert [(found["service"], found["reason"]) for found in cost["unknown"]] == [("waf", "no WAF here")]


def test_a_flow_without_any_known_usage_is_unknown_and_not_free() -> None:
    cost = section(VIEW, requests={"view": 1000, "ping": 5})
    assert row(cost, "ping")["reason"] == "no usage is known of flow ping"
    assert cost["marginal_per_1k_requests"] is None


def test_without_requests_there_is_no_cost_per_request() -> None:
    cost = section(POLLS, requests={"view": 0})
    assert cost["marginal_per_1k_requests"] is None
    why = "no request of the measured window was answered (none was asked)"
    assert (cost["marginal_reason"], row(cost, "upload")["reason"]) == (why, why)


def test_provisioned_tables_are_listed_as_covered() -> None:
    reads = item("dynamodb", "read_request_unit", 9, {"table": "ShareLinks"}, flow="view")
    cost = section(VIEW, UPLOAD, reads, tables=("ShareLinks",))
    assert row(cost, "view")["per_1k_requests"] == "0.001"
    assert [(found["quantity"], found["flow"]) for found in cost["covered_by_fixed"]] == [("9", "view")]
    assert "amount" not in cost["covered_by_fixed"][0]


def test_the_architecture_tells_which_tables_are_provisioned() -> None:
    table = fixed(
        "Resources: {Links: {Type: AWS::DynamoDB::Table, Properties: {TableName: ShareLinks,"
        " ProvisionedThroughput: {ReadCapacityUnits: 1000, WriteCapacityUnits: 100}}}}"
    )
    reads = item("dynamodb", "read_request_unit", 9, {"table": "ShareLinks"}, flow="view")
    assert len(section(VIEW, UPLOAD, reads, architecture=table)["covered_by_fixed"]) == 1


def test_the_oldest_price_dates_the_whole() -> None:
    assert section(VIEW, UPLOAD)["prices_dated"] == "2024-07"  # S3 requests; CloudFront's are of 2026-09-29


def test_unsure_prices_and_notes_are_among_the_assumptions() -> None:
    scratch = item("fargate", "ephemeral_gb_second", 1, flow="upload")
    cost = section(VIEW, scratch, notes=("a note",))
    assert cost["assumptions"][0] == "a note"
    assert any("ephemeral_gb_second" in note and "secondary" in note for note in cost["assumptions"])
