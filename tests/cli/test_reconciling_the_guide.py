"""The guide's own month as AWS would bill it, written down by hand, beside the guide's estimate.

November 2026 has 720 hours. Quantities are those of the audited architecture; prices are the published ones.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.billed_exports import Charge, Layout, write_export
from tests.support.served import tidegauge

GUIDE = Path(__file__).parents[2] / "infra_under_test" / "estimates" / "seed.toml"
ALB = "LoadBalancing:Application"
# product, usage type, unit, quantity, rate, cost, operation
MONTH = [
    ("AWSELB", "LoadBalancerUsage", "Hrs", "720", "0.0225", "16.20", ALB),
    ("AWSELB", "LCUUsage", "LCU-Hrs", "720", "0.008", "5.76", ALB),
    ("AmazonApiGateway", "USE1-ApiGatewayHttpRequest", "Requests", "1000000", "0.000001", "1.00", ""),
    ("AmazonCloudFront", "US-DataTransfer-Out-Bytes", "GB", "1024", "0", "0", ""),  # the free terabyte
    ("AmazonCloudFront", "US-DataTransfer-Out-Bytes", "GB", "1024", "0.085", "87.04", ""),
    ("AmazonCloudFront", "US-Requests-Tier2-HTTPS", "Requests", "10000000", "0", "0", ""),
    ("AmazonCloudWatch", "CW:AlarmMonitorUsage", "Alarms", "3", "0", "0", ""),
    ("AmazonCloudWatch", "CW:MetricMonitorUsage", "Metrics", "8", "0.3", "2.40", ""),
    ("AmazonCloudWatch", "DashboardsUsageHour", "Dashboards", "1", "0", "0", ""),
    ("AmazonCloudWatch", "DataProcessing-Bytes", "GB", "5", "0", "0", ""),
    ("AmazonCloudWatch", "DataProcessing-Bytes", "GB", "15", "0.5", "7.50", ""),
    ("AmazonCloudWatch", "TimedStorage-ByteHrs", "GB-Mo", "50", "0.03", "1.50", ""),
    ("AmazonDynamoDB", "ReadCapacityUnit-Hrs", "ReadCapacityUnit-Hrs", "720000", "0.00013", "93.60", ""),
    ("AmazonDynamoDB", "WriteCapacityUnit-Hrs", "WriteCapacityUnit-Hrs", "72000", "0.00065", "46.80", ""),
    ("AmazonDynamoDB", "WriteRequestUnits", "WriteRequestUnits", "20000000", "0.000000625", "12.50", ""),
    ("AmazonDynamoDB", "ReadRequestUnits", "ReadRequestUnits", "100000000", "0.000000125", "12.50", ""),
    ("AmazonECS", "USE1-Fargate-vCPU-Hours:perCPU", "hours", "2520", "0.04048", "102.0096", ""),
    ("AmazonECS", "USE1-Fargate-GB-Hours", "hours", "5040", "0.004445", "22.4028", ""),
    ("AmazonECS", "USE1-Fargate-EphemeralStorage-GB-Hours", "hours", "72000", "0.000111", "7.992", ""),
    ("awskms", "us-east-1-KMS-Keys", "Keys", "1", "1", "1.00", ""),
    ("AWSLambda", "Lambda-Edge-Request", "Requests", "20000000", "0.0000006", "12.00", ""),
    ("AWSLambda", "Lambda-Edge-GB-Second", "Lambda-GB-Second", "12500", "0.00005001", "0.625125", ""),
    ("AmazonEC2", "NatGateway-Hours", "Hrs", "1440", "0.045", "64.80", ""),
    ("AmazonRoute53", "HostedZone", "HostedZone", "1", "0.5", "0.50", ""),
    ("AmazonRoute53", "DNS-Queries", "Queries", "500000", "0.0000004", "0.20", ""),
    ("AmazonS3", "Requests-Tier2", "Requests", "5000000", "0.0000004", "2.00", ""),
    ("AmazonS3", "Requests-Tier1", "Requests", "100000", "0.000005", "0.50", ""),
    ("AmazonS3", "TimedStorage-ByteHrs", "GB-Mo", "800", "0.023", "18.40", ""),
    ("AmazonS3", "Monitoring-Automation-INT", "Objects", "100000", "0.0000025", "0.25", ""),
    ("AWSSecretsManager", "USE1-AWSSecretsManager-Secrets", "Secrets", "5", "0.4", "2.00", ""),
    ("AWSQueueService", "Requests-FIFO-RBP", "Requests", "600000", "0", "0", ""),
    ("AmazonVPC", "USE1-PublicIPv4:InUseAddress", "Hrs", "2880", "0.005", "14.40", ""),
    ("awswaf", "USE1-WebACLV2", "WebACLs", "1", "5", "5.00", ""),
    ("awswaf", "USE1-RuleV2", "Rules", "4", "1", "4.00", ""),
    ("awswaf", "USE1-RequestV2-Tier0", "Requests", "10000000", "0.0000006", "6.00", ""),
    ("AWSXRay", "USE1-XRay-TracesStored", "Traces", "100000", "0", "0", ""),
    ("AWSXRay", "USE1-XRay-TracesStored", "Traces", "900000", "0.000005", "4.50", ""),
]
NODES = Charge(  # an hour of six nodes, 1.236, written to the cent
    product="AmazonElastiCache",
    usage_type="NodeUsage:cache.r6g.large",
    unit="Hrs",
    quantity="6",
    rate="0.206",
    cost="1.24",
    operation="CreateCacheCluster:0002",
    description="$0.206 per R6g.Large Cache Node-hour running Redis",
)
CREDIT = Charge(
    product="AmazonElastiCache", usage_type="NodeUsage:cache.r6g.large", type="Credit", cost="-100"
)


@pytest.mark.parametrize(("layout", "name"), [("cur2", "bill.csv.gz"), ("focus-1.2", "bill.parquet")])
def test_the_guides_month_is_within_the_estimate_as_audited(
    tmp_path: Path, layout: Layout, name: str
) -> None:
    charges = [
        Charge(product=p, usage_type=t, unit=u, quantity=q, rate=r, cost=c, operation=o)
        for p, t, u, q, r, c, o in MONTH
    ]
    bill = write_export(tmp_path / name, layout, [*charges, *[NODES] * 720, CREDIT])
    code, document, _ = tidegauge("cost", "reconcile", bill, "--estimate", GUIDE)
    by_hand = sum(Decimal(cost) for *_, cost, _operation in MONTH) + 720 * Decimal("1.24") - 100
    assert Decimal(document["bill_total"]) == by_hand == sum(Decimal(x["billed"]) for x in document["lines"])
    causes = {cause: Decimal(amount) for cause, amount in document["causes"].items()}
    assert sum(causes.values()) == Decimal(document["difference"])
    assert (causes["credit"], causes["rounding"]) == (-100, Decimal("2.88"))  # 720 x .004
    # Worker tasks ran 900 hours where 900 x 720 / 730 were expected: 24.6575 vCPU-hours, 49.3151 GB-hours and
    # 986.301 GB-hours of disk more. Tables, logs and DNS queries cost $5, $1 and $0.30 less than estimated.
    more = 24.657534 * 0.04048 + 49.315068 * 0.004445 + 986.30137 * 0.000111 - 5 - 1 - 0.3
    assert float(causes["quantity"]) == pytest.approx(more, abs=1e-5)
    assert set(causes) == {"credit", "rounding", "quantity"}
    assert (code, document["unmapped"], document["complete"]) == (0, [], True)
