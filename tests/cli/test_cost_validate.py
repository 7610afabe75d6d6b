"""`cost validate` as its users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.filled_documents import record_of
from tests.support.run_records import run_record
from tests.support.served import tidegauge
from tidegauge.plan import Flow, Plan, Step
from tidegauge.shapes import Constant
from tidegauge.stack import Stack
from tidegauge.store import RunFolder
from tidegauge.summary import Summary

GUIDE = Path(__file__).parents[2] / "infra_under_test" / "estimates" / "seed.toml"
ESTIMATE = """name = "small"
tolerance = 0.1
[scenario]
views_per_month = 2_000_000
uploads_per_month = 10_000
[scenario.flows]
view = "views_per_month"
upload = "uploads_per_month"
[[line]]
id = "api"
service = "apigateway"
unit = "http_request"
formula = "views_per_month × $1.00 / 1M"
"""


@pytest.mark.option("cost validate --json")
def test_the_guides_estimate_is_off_by_two_fifths() -> None:
    code, document, _ = tidegauge("cost", "validate", GUIDE)
    assert code == 10
    assert (document["estimate_total"], document["corrected_total"]) == ("862.4", "1467.808225")
    assert document["totals"]["valkey"] == "1287.352225"
    assert document["complete"] is False
    gateway = next(each for each in document["unpriced"] if each["resource"] == "NatGatewayA")
    assert (gateway["type"], gateway["property"]) == ("AWS::EC2::NatGateway", None)
    assert "nat_gb_per_month" in gateway["reason"]
    assert document["within_tolerance"] is False
    parts = [Decimal(line["corrected"]) for line in document["lines"]]
    parts += [Decimal(each["amount"]) for each in document["absent"] if each["amount"] is not None]
    assert sum(parts) == Decimal("1467.808225")
    for line in document["lines"]:
        assert Decimal(line["difference"]) == Decimal(line["corrected"]) - Decimal(line["estimate"])
    redis = next(line for line in document["lines"] if line["id"] == "redis")
    assert redis["priced"][0]["price_date"] == "2026-09-25"
    assert {"code", "message"} == set(redis["findings"][0])


@pytest.mark.parametrize("tolerance", ["nan", "inf", "-0.1"])
def test_a_tolerance_that_is_no_share_is_refused(tolerance: str) -> None:
    code, document, _ = tidegauge("cost", "validate", GUIDE, "--tolerance", tolerance)
    assert code == 2
    assert "'--tolerance': " in document["error"]["message"]


def test_people_read_the_lines_the_findings_and_the_verdict() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tidegauge", "cost", "validate", str(GUIDE)],
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr
    assert (done.returncode, done.stdout) == (10, "")
    assert "the estimate prices 3 nodes, the architecture has 6 nodes" in said
    assert "corrected at least $1,467.81 a month ($1,467.81 on Redis OSS, $1,287.35 on Valkey)" in said
    assert "outside the tolerance of 10%" in said
    assert "assumed prices: fargate ephemeral_gb_second" in " ".join(said.split())
    alike = "NatGatewayA, NatGatewayB (AWS::EC2::NatGateway): GB through the NAT gateways: the scenario"
    assert alike in " ".join(said.split())


@pytest.mark.option("cost validate --run")
def test_a_run_is_scaled_to_the_scenario_and_keeps_the_audit(tmp_path: Path) -> None:
    estimate = tmp_path / "estimate.toml"
    estimate.write_text(ESTIMATE, encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    flows = [{"flow": "view", "sessions_answered": 1000}, {"flow": "upload", "sessions_answered": 0}]
    phase = Constant(shape="constant", rate_per_s=1, duration_s=60)
    plan = Plan(arrivals=(phase,), flow=(Flow(name="view", step=(Step(path="/"),)),))
    RunFolder(run).write_run(run_record(plan, Stack(api_url="http://h", allowed_hosts=("h",))))
    RunFolder(run).write_summary(record_of(Summary, {"flows": flows}))
    items = [("view", "apigateway", "http_request", 3000), (None, "sqs", "standard_request", 600)]
    rows = [
        {"flow": flow, "service": service, "unit": unit, "quantity": count, "provenance": "counted"}
        for flow, service, unit, count in items
    ]
    usage = {"schema_version": 1, "region": "us-east-1", "window_s": 60, "items": rows}
    (run / "usage.json").write_text(json.dumps(usage), encoding="utf-8")
    code, document, _ = tidegauge("cost", "validate", estimate, "--run", run)
    # 3 requests a session x 2M sessions = 6M at 1.00 / 1M, against 2M
    assert (code, document["lines"][0]["corrected"], document["lines"][0]["basis"]) == (10, "6", "run")
    # 10 a second all month: 26.28M, less 1M free, at .40 / 1M
    assert [(each["service"], each["amount"]) for each in document["absent"]] == [("sqs", "10.112")]
    assert {finding["code"] for finding in document["findings"]} == {"scaled", "not_measured"}
    assert json.loads((run / "audit.json").read_text(encoding="utf-8")) == document


def test_within_the_tolerance_is_a_pass(tmp_path: Path) -> None:
    estimate = tmp_path / "estimate.toml"
    estimate.write_text(ESTIMATE, encoding="utf-8")
    code, document, _ = tidegauge("cost", "validate", estimate)
    assert (code, document["deviation"], document["within_tolerance"]) == (0, "0", True)


@pytest.mark.option("cost validate --template")
def test_the_folder_of_templates_may_be_another(tmp_path: Path) -> None:
    (tmp_path / "queue.yaml").write_text("Resources: {Jobs: {Type: 'AWS::SQS::Queue'}}", encoding="utf-8")
    _, document, _ = tidegauge("cost", "validate", GUIDE, "--template", tmp_path)
    _, own, _ = tidegauge("cost", "validate", GUIDE)
    gateways = [
        [each["resource"] for each in audit["absent"] if each["service"] == "nat"]
        for audit in (own, document)
    ]
    assert "NatGatewayA" in str(gateways[0])
    assert "NatGateway" not in str(gateways[1])


@pytest.mark.option("cost validate --tolerance")
@pytest.mark.parametrize(("tolerance", "code"), [("0.41", 10), ("0.42", 11)])
def test_the_tolerance_may_be_another(tolerance: str, code: int) -> None:
    found = tidegauge("cost", "validate", GUIDE, "--tolerance", tolerance)
    assert (found[0], found[1]["tolerance"]) == (code, tolerance)  # off by 605.41 / 1,467.81 = 0.412


@pytest.mark.option("cost validate --max-age-days")
@pytest.mark.parametrize(("days", "named"), [(0, True), (36_500, False)])
def test_prices_older_than_asked_for_are_named(days: int, named: bool) -> None:
    _, document, _ = tidegauge("cost", "validate", GUIDE, "--max-age-days", days)
    assert any(sentence.startswith("nat gateway_hour") for sentence in document["old_prices"]) is named


def test_bad_files_are_named_with_what_to_do(tmp_path: Path) -> None:
    estimate = tmp_path / "estimate.toml"
    estimate.write_text(
        ESTIMATE.replace("views_per_month × $1.00", "views_per_month ×× $1.00"), encoding="utf-8"
    )
    code, document, _ = tidegauge("cost", "validate", estimate)
    assert code == 2
    assert "estimate.toml:13: line.0.formula" in document["error"]["message"]
    code, document, _ = tidegauge("cost", "validate", tmp_path / "none.toml")
    assert (code, "cannot be read" in document["error"]["message"]) == (2, True)
    estimate.write_text(ESTIMATE, encoding="utf-8")
    code, document, _ = tidegauge("cost", "validate", estimate, "--run", tmp_path)
    assert (code, "not a run folder" in document["error"]["message"]) == (2, True)
    template = tmp_path / "templates"
    template.mkdir()
    (template / "stack.yaml").write_text("Resources: [", encoding="utf-8")
    code, document, _ = tidegauge("cost", "validate", estimate, "--template", template)
    assert (code, "stack.yaml cannot be read" in document["error"]["message"]) == (2, True)
