"""The seed's tables and queues on the real stand-ins, read back through boto3, and the merged usage."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_under_test.errors import StackError
from infra_under_test.local.control import merged_usage
from infra_under_test.local.ports import choose, is_free
from infra_under_test.local.resources import Credentials
from tests.support.local_stack_process import held_stack

ACCOUNT = Credentials(region="us-east-1", access_key="any", secret_key="any")


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    arguments = ("--only", "dynamodb,sqs", "--set-env", "TRANSCODE_VISIBILITY_S=7")
    with held_stack(*arguments, state_dir=tmp_path_factory.mktemp("state")) as status:
        yield {part["name"]: part["url"] for part in status["parts"]}


@pytest.fixture
def dynamodb(urls: dict[str, str]) -> Any:
    return ACCOUNT.client("dynamodb", urls["dynamodb"])


@pytest.fixture
def sqs(urls: dict[str, str]) -> Any:
    return ACCOUNT.client("sqs", urls["sqs"])


@pytest.mark.stack
def test_the_five_tables_have_the_keys_of_the_guide(dynamodb: Any) -> None:
    keys = {}
    for name in dynamodb.list_tables()["TableNames"]:
        schema = dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]
        keys[name] = [(key["AttributeName"], key["KeyType"]) for key in schema]
    assert keys == {
        "Assets": [("asset_id", "HASH")],
        "ShareLinks": [("short_code", "HASH")],
        "Analytics": [("asset_id", "HASH"), ("timestamp_event", "RANGE")],
        "Sessions": [("session_id", "HASH")],
        "Users": [("user_id", "HASH")],
    }


@pytest.mark.stack
@pytest.mark.parametrize(
    ("table", "index", "keys"),
    [("Assets", "UserAssetsIndex", ["user_id", "upload_date"]), ("Users", "EmailIndex", ["email"])],
)
def test_the_indexes_are_those_of_the_guide(dynamodb: Any, table: str, index: str, keys: list[str]) -> None:
    (found,) = dynamodb.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
    assert found["IndexName"] == index
    assert [key["AttributeName"] for key in found["KeySchema"]] == keys


@pytest.mark.stack
def test_share_links_have_the_provisioned_capacity_of_the_guide(dynamodb: Any) -> None:
    capacity = dynamodb.describe_table(TableName="ShareLinks")["Table"]["ProvisionedThroughput"]
    assert (capacity["ReadCapacityUnits"], capacity["WriteCapacityUnits"]) == (1000, 100)


@pytest.mark.stack
def test_sessions_expire(dynamodb: Any) -> None:
    ttl = dynamodb.describe_time_to_live(TableName="Sessions")["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")


@pytest.mark.stack
def test_transcode_jobs_go_to_the_dead_letter_queue_after_three_receives(sqs: Any) -> None:
    url = sqs.get_queue_url(QueueName="transcode-jobs.fifo")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes["RedrivePolicy"])
    assert int(redrive["maxReceiveCount"]) == 3
    assert redrive["deadLetterTargetArn"].endswith(":transcode-dlq.fifo")
    assert attributes["FifoQueue"] == "true"
    assert attributes["VisibilityTimeout"] == "7"  # as the test asked; 900 by default


@pytest.mark.stack
def test_readiness_leaves_nothing_behind(dynamodb: Any, sqs: Any) -> None:
    assert dynamodb.scan(TableName="Sessions")["Items"] == []
    names = {url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]}
    assert names == {"transcode-jobs.fifo", "transcode-dlq.fifo", "analytics-events"}


def test_usage_of_several_processes_is_summed(tmp_path: Path) -> None:
    read = {"service": "dynamodb", "unit": "read_request_unit", "attributes": {"table": "Assets"}}
    get = {"service": "s3", "unit": "get_request", "attributes": {"storage_class": "standard"}}
    documents: list[dict[str, Any]] = [
        {
            "routes": {"GET /health": {"requests": 1}},
            "counters": [{"route": "GET /a", **read, "quantity": "0.1"}],
        },
        {
            "routes": {"GET /health": {"requests": 2}},
            "counters": [
                {"route": "GET /a", **read, "quantity": "0.2"},
                {"route": "worker", **read, "quantity": "1"},
                {"route": "worker", **get, "quantity": "3"},
            ],
            "worker": {"jobs": 2, "busy_s": 1.5, "cpu_s": 2.5},
        },
    ]
    for index, document in enumerate(documents):
        (tmp_path / f"{index}.json").write_text(json.dumps(document))
    assert merged_usage(tmp_path) == {
        "routes": {"GET /health": {"requests": 3}},
        "counters": [
            {"route": "GET /a", **read, "quantity": "0.3"},
            {"route": "worker", **read, "quantity": "1"},
            {"route": "worker", **get, "quantity": "3"},
        ],
        "worker": {"jobs": 2, "busy_s": 1.5, "cpu_s": 2.5},
    }


def test_chosen_ports_are_free_and_differ_from_those_of_other_stacks() -> None:
    first = choose(["a", "b", "c"], {}, set(), random.Random(1))
    second = choose(["a", "b", "c"], {}, set(first.values()), random.Random(1))
    assert len({*first.values(), *second.values()}) == 6
    assert all(is_free(port) and is_free(port + 10_000) for port in second.values())


def test_a_fixed_port_that_listens_is_refused() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with pytest.raises(StackError, match="is taken"):
            choose(["a"], {"a": server.getsockname()[1]}, set(), random.Random(1))
