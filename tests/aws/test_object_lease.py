"""The lease on a stack as an object in S3, against moto's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tidegauge.aws.lease_object import ObjectLease
from tidegauge.errors import TidegaugeError

KEY = "tidegauge/staging"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="leases")
        yield client


def lease(name: str, every_s: float = 60.0) -> ObjectLease:
    holder = {"run_id": name, "who": f"{name}@here", "since": "2026-01-02T03:04:05+00:00"}
    return ObjectLease("leases", KEY, holder, every_s)


def document(s3: Any) -> dict[str, Any]:
    return dict(json.loads(s3.get_object(Bucket="leases", Key=KEY)["Body"].read()))


@pytest.mark.usefixtures("s3")
def test_who_comes_second_is_told_by_whom_and_since_when() -> None:
    first = lease("launch")
    first.take()
    with pytest.raises(TidegaugeError) as refused:
        lease("other").take()
    assert refused.value.exit_code == 13
    assert "launch (launch@here) since 2026-01-02T03:04:05+00:00" in refused.value.message
    first.give_back()
    second = lease("other")
    second.take()
    second.give_back()


def test_what_is_given_back_is_gone(s3: Any) -> None:
    held = lease("launch")
    held.take()
    assert document(s3)["run_id"] == "launch"
    held.give_back()
    assert s3.list_objects_v2(Bucket="leases")["KeyCount"] == 0


def test_a_lease_of_a_dead_run_is_taken_over(s3: Any) -> None:
    s3.put_object(
        Bucket="leases", Key=KEY, Body=json.dumps({"run_id": "dead", "expires_unix_s": time.time() - 1})
    )
    held = lease("launch")
    held.take()
    assert document(s3)["run_id"] == "launch"
    held.give_back()


def test_a_lease_is_renewed_while_it_is_held(s3: Any) -> None:
    held = lease("launch", every_s=0.05)
    held.take()
    before = document(s3)["expires_unix_s"]
    deadline = time.monotonic() + 10
    while document(s3)["expires_unix_s"] == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert held.lost is None
    held.give_back()


def test_a_lease_that_somebody_took_is_lost_and_left_alone(s3: Any) -> None:
    held = lease("launch", every_s=0.05)
    held.take()
    s3.put_object(Bucket="leases", Key=KEY, Body=b'{"run_id": "other"}')
    deadline = time.monotonic() + 10
    while held.lost is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    held.give_back()
    assert document(s3)["run_id"] == "other"


def test_what_is_no_lease_is_taken_over(s3: Any) -> None:
    s3.put_object(Bucket="leases", Key=KEY, Body=b"\xff not ours")
    held = lease("launch")
    held.take()
    held.give_back()


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(TidegaugeError) as refused:
        ObjectLease("no-such-bucket", KEY, {}).take()
    assert refused.value.exit_code == 2
    assert "NoSuchBucket" in refused.value.message
    assert refused.value.hint == "check the bucket's name in the stack file"


@pytest.mark.usefixtures("s3")
def test_whoever_may_not_write_the_lease_is_told_where_its_permissions_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = ObjectLease("leases", KEY, {})
    said = {"Error": {"Code": "AccessDenied", "Message": "no"}}

    def put(**_: object) -> None:
        raise ClientError(said, "PutObject")  # type: ignore[arg-type]

    monkeypatch.setattr(held._s3, "put_object", put)
    with pytest.raises(TidegaugeError) as refused:
        held.take()
    assert refused.value.hint == "docs/plan.md lists the permissions that this takes"
