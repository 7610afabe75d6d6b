"""The seed's buckets, tables and queues, made through boto3 as on AWS, and read back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra_under_test.local.edge.behaviours import BUCKETS, LOGS, MEDIA

TRANSCODE_QUEUE, DEAD_LETTER_QUEUE, ANALYTICS_QUEUE = (
    "transcode-jobs.fifo",
    "transcode-dlq.fifo",
    "analytics-events",
)
MAX_RECEIVES = 3
VISIBILITY_S = 900
SHARE_LINKS_CAPACITY = {"ReadCapacityUnits": 1000, "WriteCapacityUnits": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The account that the stand-ins know; it exists on this machine only."""

    region: str
    access_key: str
    secret_key: str

    def client(self, service: str, endpoint: str) -> Any:
        """A boto3 client with a session of its own, since threads must not share one."""
        return boto3.session.Session().client(
            service,
            endpoint_url=endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=2,
                read_timeout=10,
                proxies={},
                signature_version="s3v4" if service == "s3" else None,
            ),
        )


def make_buckets(s3: Any) -> dict[str, str]:
    """The four buckets, and what the emulator made of their settings; ends with a write that succeeded."""
    existing = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for bucket in BUCKETS:
        if bucket not in existing:
            s3.create_bucket(Bucket=bucket)
    outcome = {"s3 versioning of media": _versioning(s3), "s3 encryption of media": _encryption(s3)}
    outcome["s3 public access block of media"] = _public_access_block(s3)
    key = f"readiness/{uuid.uuid4()}"
    s3.put_object(Bucket=LOGS, Key=key, Body=b"ready")
    if s3.get_object(Bucket=LOGS, Key=key)["Body"].read() != b"ready":
        raise OSError("S3 read back something else than was written")
    s3.delete_object(Bucket=LOGS, Key=key)
    return outcome


def _versioning(s3: Any) -> str:
    def apply() -> bool:
        s3.put_bucket_versioning(Bucket=MEDIA, VersioningConfiguration={"Status": "Enabled"})
        return bool(s3.get_bucket_versioning(Bucket=MEDIA).get("Status") == "Enabled")

    return _tried(apply)


def _encryption(s3: Any) -> str:
    def apply() -> bool:
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}
        s3.put_bucket_encryption(Bucket=MEDIA, ServerSideEncryptionConfiguration={"Rules": [rule]})
        read = s3.get_bucket_encryption(Bucket=MEDIA)["ServerSideEncryptionConfiguration"]["Rules"]
        return bool(read[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256")

    return _tried(apply)


def _public_access_block(s3: Any) -> str:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

    def apply() -> bool:
        s3.put_public_access_block(Bucket=MEDIA, PublicAccessBlockConfiguration=dict.fromkeys(names, True))
        return bool(s3.get_public_access_block(Bucket=MEDIA)["PublicAccessBlockConfiguration"][names[0]])

    return _tried(apply)


def _tried(apply: Callable[[], bool]) -> str:
    """`on` only when it was read back; what the emulator refused is said, not hidden."""
    try:
        return "on" if apply() else "dropped by the emulator"
    except ClientError as error:
        return f"refused by the emulator ({error.response['Error']['Code']})"


def _table(
    name: str, keys: Mapping[str, str], more: Mapping[str, str] | None = None, **settings: Any
) -> dict[str, Any]:
    attributes = {**dict.fromkeys(keys, "S"), **(more or {})}
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in attributes.items()
        ],
        **({"BillingMode": "PAY_PER_REQUEST"} | settings),
    }


def _index(name: str, keys: Mapping[str, str]) -> list[dict[str, Any]]:
    schema = [{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()]
    return [{"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}]


TABLES: tuple[dict[str, Any], ...] = (
    _table(
        "Assets",
        {"asset_id": "HASH"},
        {"user_id": "S", "upload_date": "S"},
        GlobalSecondaryIndexes=_index("UserAssetsIndex", {"user_id": "HASH", "upload_date": "RANGE"}),
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    ),
    _table(
        "ShareLinks",
        {"short_code": "HASH"},
        BillingMode="PROVISIONED",
        ProvisionedThroughput=SHARE_LINKS_CAPACITY,
    ),
    _table(
        "Analytics",
        {"asset_id": "HASH", "timestamp_event": "RANGE"},
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    ),
    _table("Sessions", {"session_id": "HASH"}),
    _table(
        "Users",
        {"user_id": "HASH"},
        {"email": "S"},
        GlobalSecondaryIndexes=_index("EmailIndex", {"email": "HASH"}),
    ),
)
PROVISIONED_TABLES = ("ShareLinks",)
TTL_TABLES = ("Assets", "Sessions")
TTL_ATTRIBUTE = "expires_at"


def make_tables(dynamodb: Any) -> dict[str, str]:
    """The five tables with their indexes and TTL; ends with a write that succeeded."""
    existing = set(dynamodb.list_tables()["TableNames"])
    for table in TABLES:
        if table["TableName"] not in existing:
            dynamodb.create_table(**table)
    outcome = {f"dynamodb TTL of {name}": _ttl(dynamodb, name) for name in TTL_TABLES}
    key = {"session_id": {"S": f"readiness-{uuid.uuid4()}"}}
    dynamodb.put_item(TableName="Sessions", Item=key)
    if "Item" not in dynamodb.get_item(TableName="Sessions", Key=key, ConsistentRead=True):
        raise OSError("DynamoDB did not read back what was written")
    dynamodb.delete_item(TableName="Sessions", Key=key)
    return outcome


def _ttl(dynamodb: Any, name: str) -> str:
    def read() -> bool:
        found = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        return bool(found.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"})

    def apply() -> bool:
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )
        return read()

    return "on" if read() else _tried(apply)


def make_queues(sqs: Any, visibility_s: int = VISIBILITY_S) -> dict[str, str]:
    """The queues' URLs by name; ends with a message sent, received and deleted."""
    dead = sqs.create_queue(QueueName=DEAD_LETTER_QUEUE, Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(MAX_RECEIVES)})
    fifo = {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "true",
        "MessageRetentionPeriod": "1209600",
        "VisibilityTimeout": str(visibility_s),
        "RedrivePolicy": redrive,
    }
    urls = {
        DEAD_LETTER_QUEUE: dead,
        TRANSCODE_QUEUE: sqs.create_queue(QueueName=TRANSCODE_QUEUE, Attributes=fifo)["QueueUrl"],
        ANALYTICS_QUEUE: sqs.create_queue(
            QueueName=ANALYTICS_QUEUE, Attributes={"MessageRetentionPeriod": "604800"}
        )["QueueUrl"],
    }
    _send_and_receive(sqs)
    return urls


def _send_and_receive(sqs: Any) -> None:
    probe = sqs.create_queue(QueueName=f"readiness-{uuid.uuid4()}")["QueueUrl"]
    sqs.send_message(QueueUrl=probe, MessageBody="ready")
    messages = sqs.receive_message(QueueUrl=probe, WaitTimeSeconds=2).get("Messages", [])
    sqs.delete_queue(QueueUrl=probe)
    if [message["Body"] for message in messages] != ["ready"]:
        raise OSError("SQS did not deliver the message that was sent")
