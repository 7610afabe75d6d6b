"""The Assets table: one record an upload, read by the API and written by API and worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

UPLOADING = "uploading"
QUEUED = "queued"
PROCESSING = "processing"
READY = "ready"
FAILED = "failed"

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values as DynamoDB's typed attributes; None is left out."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """DynamoDB's typed attributes as plain values (numbers are Decimal)."""
    return {name: _deserialize(value) for name, value in item.items()}


def is_condition_failure(error: ClientError) -> bool:
    """Whether a conditional write found another state than it asked for."""
    return bool(error.response["Error"]["Code"] == "ConditionalCheckFailedException")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One uploaded medium; `progress` is a ratio from 0 to 1."""

    asset_id: str
    user_id: str
    title: str
    upload_date: str  # ISO 8601, the sort key of UserAssetsIndex
    status: str
    s3_key: str
    file_size: int  # bytes: as announced until the upload is complete, then as stored
    mime_type: str
    tags: list[str] = field(default_factory=list)
    filename: str = ""
    upload_id: str | None = None
    short_code: str | None = None
    progress: Decimal = Decimal(0)
    reason: str | None = None
    renditions: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # name: path, bytes, sha256, mime_type
    unfit: dict[str, str] = field(default_factory=dict)  # rendition: why no quality of it fits its platform


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetStore:
    """Reads and conditional writes of the Assets table."""

    dynamodb: Any
    table: str

    async def put_new(self, asset: Asset) -> None:
        """Store a record that did not exist before."""
        values = {name: getattr(asset, name) for name in Asset.__slots__}
        await self.dynamodb.put_item(
            TableName=self.table, Item=to_item(values), ConditionExpression="attribute_not_exists(asset_id)"
        )

    async def find(self, asset_id: str) -> Asset | None:
        """The record, for readers: the cheap read first, a consistent one only when that finds nothing."""
        return await self._get(asset_id, consistent=False) or await self._get(asset_id, consistent=True)

    async def find_consistent(self, asset_id: str) -> Asset | None:
        """The record, for writers who decide by its status."""
        return await self._get(asset_id, consistent=True)

    async def update(self, asset_id: str, *, only_from: tuple[str, ...], **values: Any) -> bool:
        """Set attributes if the status is one of `only_from`; False when it is not."""
        names = {f"#{name}": name for name in values}
        states = {f":from{index}": _serialize(state) for index, state in enumerate(only_from)}
        try:
            await self.dynamodb.update_item(
                TableName=self.table,
                Key={"asset_id": {"S": asset_id}},
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                ConditionExpression=f"#status IN ({', '.join(states)})",
                ExpressionAttributeNames={"#status": "status", **names},
                ExpressionAttributeValues={
                    **{f":{name}": _serialize(value) for name, value in values.items()},
                    **states,
                },
            )
        except ClientError as error:
            if is_condition_failure(error):
                return False
            raise
        return True

    async def _get(self, asset_id: str, *, consistent: bool) -> Asset | None:
        answer = await self.dynamodb.get_item(
            TableName=self.table, Key={"asset_id": {"S": asset_id}}, ConsistentRead=consistent
        )
        if "Item" not in answer:
            return None
        values = from_item(answer["Item"])
        values["file_size"] = int(values["file_size"])
        return Asset(**values)
