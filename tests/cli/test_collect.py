"""`collect` against moto's AWS, on one small run that is copied for each test."""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ClientError
from click.testing import CliRunner
from moto import mock_aws

from tests.support.served import write_stack
from tidegauge.aws.clients import METRICS
from tidegauge.cli import output
from tidegauge.cli import tidegauge as program
from tidegauge.conduct import collecting, metered

BALANCER = "app/api/50dc6c495c0c9188"
ORIGIN = {
    "Id": "media",
    "DomainName": "media.s3.amazonaws.com",
    "S3OriginConfig": {"OriginAccessIdentity": ""},
}
DISTRIBUTION: Any = {
    "CallerReference": "1",
    "Comment": "",
    "Enabled": True,
    "Origins": {"Quantity": 1, "Items": [ORIGIN]},
    "DefaultCacheBehavior": {
        "TargetOriginId": "media",
        "ViewerProtocolPolicy": "https-only",
        "MinTTL": 0,
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
    },
}


@pytest.fixture
def run(own_run: Path) -> Path:
    """The run, as if it had begun 40 minutes ago, at the 15th second of a minute."""
    began(own_run, (time.time() - 2400) // 60 * 60 + 15)
    return own_run


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client: Any = boto3.client("dynamodb")
        client.create_table(
            TableName="Links",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        )
        yield


def began(folder: Path, unix_s: float) -> None:
    path = folder / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(document | {"start_unix_s": unix_s}), encoding="utf-8")


def begun(folder: Path) -> float:
    return float(json.loads((folder / "run.json").read_text(encoding="utf-8"))["start_unix_s"])


def put(unix_s: float, namespace: str, metric: str, value: float, **dimensions: str) -> None:
    client: Any = boto3.client("cloudwatch", region_name="us-east-1")
    named = [{"Name": name, "Value": held} for name, held in dimensions.items()]
    moment = dt.datetime.fromtimestamp(unix_s, dt.UTC)
    datum = {"MetricName": metric, "Dimensions": named, "Timestamp": moment, "Value": value}
    client.put_metric_data(Namespace=namespace, MetricData=[datum])


def collect(*arguments: object) -> tuple[int, Any]:
    done = CliRunner().invoke(program, ["collect", *map(str, arguments), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout)


def items(folder: Path) -> dict[tuple[str | None, str], Decimal]:
    usage = json.loads((folder / "usage.json").read_text(encoding="utf-8"))
    return {(item["flow"], item["unit"]): Decimal(item["quantity"]) for item in usage["items"]}


@pytest.mark.usefixtures("account")
@pytest.mark.option("collect --stack", "collect --json")
def test_a_runs_cost_is_known_once_aws_metered_it(run: Path, tmp_path: Path) -> None:
    client: Any = boto3.client("cloudfront")
    distribution = client.create_distribution(DistributionConfig=DISTRIBUTION)["Distribution"]["Id"]
    aws = f'distribution = "{distribution}"\ntables = ["Links"]\nqueues = []\napis = []\n'
    stack = write_stack(
        tmp_path, "http://127.0.0.1:9", extra=f'[aws]\n{aws}load_balancers = ["{BALANCER}"]\n'
    )
    at = begun(run)
    put(at, "AWS/CloudFront", "Requests", 5, DistributionId=distribution, Region="Global")
    put(at, "AWS/DynamoDB", "ConsumedReadCapacityUnits", 20, TableName="Links")
    put(at, "AWS/ApplicationELB", "RequestCount", 50, LoadBalancer=BALANCER)
    put(at, "AWS/ApplicationELB", "ConsumedLCUs", 0.05, LoadBalancer=BALANCER)
    put(at - 120, "AWS/DynamoDB", "ConsumedReadCapacityUnits", 1000, TableName="Links")  # before the run
    code, answer = collect(run, "--stack", stack)
    assert (code, answer["complete"]) == (0, True)
    # Of 50 requests at the balancer 40 were the run's and 20 the window's: 20/50 of the units, 10/50 others'.
    assert items(run) == {
        (None, "https_request"): 5,
        ("ping", "read_request_unit"): 8,
        (None, "read_request_unit"): 4,
        ("ping", "lcu_hour"): Decimal("0.02"),
        (None, "lcu_hour"): Decimal("0.01"),
        ("ping", "internet_byte"): 40,  # 20 answers of 2 bytes
        ("ping", "log_ingested_byte"): 8260,  # of the templates: 20 log lines of 413 bytes
        ("ping", "processed_byte"): 8260,
    }
    # 5 x 0.01/10,000 + 12 x 0.125/1M + 0.03 x 0.008 USD, and GB at 0.09, 0.50 and 0.045, by 20 requests
    usd = Decimal("0.000005") + Decimal("0.0000015") + Decimal("0.00024")
    usd += (40 * Decimal("0.09") + 8260 * Decimal("0.545")) / 2**30
    assert Decimal(answer["marginal_per_1k_requests"]) == pytest.approx(usd * 50)
    assert any("the other 10 are not the run's" in note for note in answer["notes"])
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert summary["cost"]["marginal_per_1k_requests"] == answer["marginal_per_1k_requests"]


@pytest.mark.usefixtures("account")
def test_collecting_again_changes_nothing_and_the_report_keeps_what_came(run: Path) -> None:
    put(begun(run), "AWS/DynamoDB", "ConsumedWriteCapacityUnits", 40, TableName="Links")
    assert collect(run)[0] == 0
    first = {name: (run / name).read_bytes() for name in ("usage.json", "summary.json")}
    assert items(run)["ping", "write_request_unit"] == 20
    assert collect(run)[0] == 0
    assert {name: (run / name).read_bytes() for name in first} == first
    assert CliRunner().invoke(program, ["report", str(run)]).exit_code == 0
    assert {name: (run / name).read_bytes() for name in first} == first


def test_a_run_on_aws_says_how_its_cost_becomes_known(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text(encoding="utf-8"))
    assert "tidegauge collect RUN" in summary["cost"]["marginal_reason"]


@pytest.mark.usefixtures("account")
def test_soon_after_a_run_it_says_what_is_not_there_yet(run: Path) -> None:
    began(run, time.time() - 60)
    code, answer = collect(run)
    assert (code, answer["complete"], answer["marginal_per_1k_requests"]) == (11, False, None)
    assert "are final from" in answer["marginal_reason"]
    assert answer["empty"] == [
        "ConsumedReadCapacityUnits of table Links in us-east-1",
        "ConsumedWriteCapacityUnits of table Links in us-east-1",
    ]


@pytest.mark.usefixtures("account")
@pytest.mark.option("collect --wait")
def test_waiting_asks_until_the_figures_are_final(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = time.time() - 60
    began(run, at)
    clock = {"now": time.time()}

    def sleep(seconds: float) -> None:
        assert 0 < seconds <= 60
        clock["now"] += seconds
        if clock["now"] > at + 600 and not (run / "late").exists():
            put(at, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", 40, TableName="Links")
            (run / "late").touch()

    pretend(monkeypatch, clock, sleep)
    code, answer = collect(run, "--wait")
    assert (code, answer["complete"]) == (0, True)
    assert items(run)["ping", "write_request_unit"] == 20
    assert clock["now"] < at + 1200


@pytest.mark.usefixtures("account")
def test_ctrl_c_while_waiting_keeps_what_came(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began(run, time.time() - 60)
    put(begun(run), "AWS/DynamoDB", "ConsumedWriteCapacityUnits", 40, TableName="Links")

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    pretend(monkeypatch, {"now": time.time()}, interrupt)
    code, answer = collect(run, "--wait")
    assert (code, answer["complete"]) == (130, False)
    assert items(run)["ping", "write_request_unit"] == 20


def pretend(monkeypatch: pytest.MonkeyPatch, clock: dict[str, float], sleep: Any) -> None:
    class Time:
        time = staticmethod(lambda: clock["now"])
        monotonic = staticmethod(lambda: clock["now"])

    Time.sleep = staticmethod(sleep)  # type: ignore[attr-defined]  # a stand-in of the module's
    monkeypatch.setattr(collecting, "time", Time)
    monkeypatch.setattr(metered, "time", Time)
    monkeypatch.setattr(output.people, "quiet", True)


@pytest.mark.parametrize(
    ("aws", "code"),
    [
        ('distribution = "E0000000000000"', "NoSuchDistribution"),
        ('tables = ["Absent"]', "ResourceNotFoundException"),
        ('queues = ["absent"]', "NonExistentQueue"),
        ('cluster = "absent"\nservices = ["worker"]', "ClusterNotFoundException"),
    ],
)
@pytest.mark.usefixtures("account")
def test_a_part_that_is_not_there_is_named(run: Path, tmp_path: Path, aws: str, code: str) -> None:
    stack = write_stack(tmp_path, "http://127.0.0.1:9", extra=f"[aws]\n{aws}\n")
    before = (run / "usage.json").read_bytes()
    exit_code, answer = collect(run, "--stack", stack)
    assert exit_code == 2
    assert code in answer["error"]["message"]
    assert "[aws]" in answer["error"]["hint"]
    assert (run / "usage.json").read_bytes() == before
    assert not (run / "aws_metrics.json").exists()


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ThrottlingException", "try again in some minutes"),
        ("Throttling", "try again in some minutes"),
        ("AccessDenied", "docs/cost.md lists the permissions"),
        ("AccessDeniedException", "docs/cost.md lists the permissions"),
    ],
)
@pytest.mark.usefixtures("account")
def test_a_refusal_of_cloudwatch_says_what_to_do(
    run: Path, monkeypatch: pytest.MonkeyPatch, code: str, hint: str
) -> None:
    def refuse(*_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetMetricData")

    monkeypatch.setattr(metered, "fetch_metrics", refuse)
    exit_code, answer = collect(run)
    assert exit_code == 2
    assert code in answer["error"]["message"]
    assert hint in answer["error"]["hint"]


def test_without_credentials_the_next_step_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    code, answer = collect(run)
    assert code == 2
    assert "there are no AWS credentials" in answer["error"]["message"]
    assert "aws configure" in answer["error"]["hint"]


def test_a_profile_that_is_not_there_is_one_clear_error(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_credentials(monkeypatch)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    code, answer = collect(run)
    assert (code, "nobody" in answer["error"]["message"]) == (2, True)


def test_an_endpoint_that_nobody_listens_on_is_one_clear_error(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_endpoint(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.setattr(collecting, "METRICS", replace(METRICS, attempts=1))
    code, answer = collect(run)
    assert code == 2
    assert "127.0.0.1:9" in answer["error"]["message"]
    assert "network" in answer["error"]["hint"]


def with_endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    without_credentials(monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("account")
def test_minutes_that_cloudwatch_has_forgotten_are_said(run: Path) -> None:
    at = time.time() - 20 * 86400
    began(run, at)
    code, answer = collect(run)
    assert code == 2
    assert "20 days ago" in answer["error"]["message"]
    assert "15 days" in answer["error"]["message"]


def test_a_run_without_aws_and_no_run_at_all_are_refused(run: Path, tmp_path: Path) -> None:
    code, answer = collect(run, "--stack", write_stack(tmp_path, "http://127.0.0.1:9"))
    assert (code, "has no [aws]" in answer["error"]["message"]) == (2, True)
    code, answer = collect(tmp_path)
    assert (code, "not a run folder" in answer["error"]["message"]) == (2, True)


def test_a_damaged_metrics_file_is_named(run: Path) -> None:
    (run / "aws_metrics.json").write_text('{"schema_version": 1}', encoding="utf-8")
    done = CliRunner().invoke(program, ["report", str(run), "--json"])
    assert done.exit_code == 2
    assert "aws_metrics.json" in json.loads(done.stdout)["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [b"hello", b"<html><body>sign in</body></html>", b"", b"[]", b'{"MetricDataResults": 3}', b"\xff\xff"],
)
@pytest.mark.parametrize(
    "aws", ['distribution = "E1"', 'tables = ["Links"]', 'queues = ["events"]', "apis = ['a1']"]
)
def test_what_answers_but_is_not_aws_is_one_clear_error(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: str, body: bytes
) -> None:
    stack = write_stack(tmp_path, "http://127.0.0.1:9", extra=f"[aws]\n{aws}\n")
    with_endpoint(monkeypatch, "http://127.0.0.1:9")

    class Reply(AWSResponse):  # type: ignore[misc]  # botocore is untyped
        content = body

    def send(*_: object) -> AWSResponse:
        return Reply("http://127.0.0.1:9", 200, HeadersDict({"Content-Type": "text/plain"}), None)

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    code, answer = collect(run, "--stack", stack)
    assert code == 2
    assert "hint" in answer["error"]
