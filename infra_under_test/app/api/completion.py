"""POST /v1/upload/complete: check what was uploaded, link it, queue its transcode job."""

from __future__ import annotations

import json
from dataclasses import replace

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from infra_under_test.app.api.call import Call
from infra_under_test.app.api.errors import ApiError, not_found
from infra_under_test.app.api.uploads import too_large
from infra_under_test.app.assets import FAILED, QUEUED, UPLOADING, Asset
from infra_under_test.app.progress import Progress, publish
from infra_under_test.app.usage import count_client_parts

REFUSED_PARTS = frozenset(
    {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML", "InvalidRequest", "InvalidArgument"}
)


class UploadedPart(BaseModel):
    """One part as S3 acknowledged it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    part_number: int = Field(ge=1, le=10_000)
    etag: str = Field(min_length=1, max_length=200)


class CompleteRequest(BaseModel):
    """The parts that make up an upload."""

    model_config = ConfigDict(extra="forbid", strict=True)

    asset_id: str = Field(min_length=1, max_length=64)
    upload_id: str = Field(min_length=1, max_length=1024)
    parts: list[UploadedPart] = Field(min_length=1)


async def complete_upload(call: Call) -> Response:
    """202 once the object is whole, its short link exists and its transcode job is queued.

    Sent again (the first answer may have been lost), it gives the same answer and queues nothing twice.
    """
    wanted = await call.body(CompleteRequest)
    asset = await _owned_asset(call, wanted)
    if asset.status == FAILED:
        raise ApiError(409, "upload_failed", f"this upload was refused: {asset.reason}")
    if asset.status == UPLOADING:
        await _assemble(call, asset, wanted.parts)
        await _check_object(call, asset)
        asset = await _link(call, asset)
    if asset.status == QUEUED:
        # The job goes out after the mark, because a worker must find the short code in place. A crash in
        # between is mended by the client's retry, whose equal deduplication id queues nothing twice.
        await _queue_job(call, asset)
    answer = {"asset_id": asset.asset_id, "short_code": asset.short_code, "status": asset.status}
    return JSONResponse(answer, status_code=202)


async def _owned_asset(call: Call, wanted: CompleteRequest) -> Asset:
    asset = await call.services.assets.find_consistent(wanted.asset_id)
    if asset is None:
        raise not_found(f"asset {wanted.asset_id!r}")
    if asset.user_id != call.user_id:
        raise ApiError(403, "not_yours", "this asset belongs to another user")
    if asset.upload_id != wanted.upload_id:
        raise ApiError(409, "wrong_upload", "upload_id is not the one of this asset")
    return asset


async def _assemble(call: Call, asset: Asset, parts: list[UploadedPart]) -> None:
    """Have S3 join the parts; an upload that is already joined is left as it is."""
    numbers = [part.part_number for part in parts]
    if numbers != list(range(1, len(parts) + 1)):
        raise ApiError(422, "invalid_parts", f"parts are numbered 1, 2, …; these are {numbers[:20]}")
    listed = [{"PartNumber": part.part_number, "ETag": part.etag} for part in parts]
    try:
        await call.services.backends.s3.complete_multipart_upload(
            Bucket=call.services.settings.stack.bucket_media,
            Key=asset.s3_key,
            UploadId=asset.upload_id,
            MultipartUpload={"Parts": listed},
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchUpload":  # completed by an earlier try, or expired: HEAD tells which
            return
        if code in REFUSED_PARTS:
            message = error.response["Error"].get("Message", code)
            raise ApiError(422, "invalid_parts", f"S3 refused the parts: {message}") from error
        raise
    count_client_parts(call.services.ledger, len(parts))


async def _check_object(call: Call, asset: Asset) -> None:
    """Refuse an object that is too large, empty, or not of the announced size."""
    size = await _stored_bytes(call, asset)
    bytes_max = call.services.settings.upload_bytes_max
    if size > bytes_max:
        await _refuse(call, asset, too_large(size, bytes_max))
    if size == 0:
        await _refuse(call, asset, ApiError(422, "empty_file", "the uploaded file is empty"))
    if size != asset.file_size:
        message = f"{asset.file_size} bytes were announced, {size} were uploaded"
        await _refuse(call, asset, ApiError(422, "size_mismatch", message))


async def _stored_bytes(call: Call, asset: Asset) -> int:
    try:
        head = await call.services.backends.s3.head_object(
            Bucket=call.services.settings.stack.bucket_media, Key=asset.s3_key
        )
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise ApiError(409, "upload_gone", "S3 knows no such upload; start a new one") from error
        raise
    return int(head["ContentLength"])


async def _refuse(call: Call, asset: Asset, error: ApiError) -> None:
    """Delete the object, say so in the record, and answer with the error."""
    await call.services.backends.s3.delete_object(
        Bucket=call.services.settings.stack.bucket_media, Key=asset.s3_key
    )
    await call.services.assets.update(
        asset.asset_id, only_from=(UPLOADING,), status=FAILED, reason=error.message
    )
    raise error


async def _link(call: Call, asset: Asset) -> Asset:
    """Give the asset its short link and mark it as queued."""
    code = await call.services.links.create(asset.asset_id, f"/{asset.s3_key}")
    is_first = await call.services.assets.update(
        asset.asset_id, only_from=(UPLOADING,), status=QUEUED, short_code=code
    )
    if not is_first:  # the same request at the same time; its link is the one that counts
        stored = await call.services.assets.find_consistent(asset.asset_id)
        assert stored is not None
        return stored
    queued = Progress(asset_id=asset.asset_id, status=QUEUED, progress=0.0)
    await publish(call.services.backends.redis, queued)
    return replace(asset, status=QUEUED, short_code=code)


async def _queue_job(call: Call, asset: Asset) -> None:
    job = {
        "asset_id": asset.asset_id,
        "user_id": asset.user_id,
        "s3_key": asset.s3_key,
        "mime_type": asset.mime_type,
    }
    await call.services.backends.sqs.send_message(
        QueueUrl=call.services.settings.queue_transcode_url,
        MessageBody=json.dumps(job),
        MessageGroupId=asset.user_id,  # jobs of a user keep their order
        MessageDeduplicationId=asset.asset_id,  # equal contents are separate jobs all the same
    )
