"""POST /v1/upload: media go to S3 by presigned URLs, past the API."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from infra_under_test.app.api.call import Call
from infra_under_test.app.api.errors import ApiError
from infra_under_test.app.assets import UPLOADING, Asset
from infra_under_test.app.media_keys import SUFFIXES, original_key

PART_BYTES = 8 * 1024 * 1024  # S3 takes 5 MiB to 5 GiB a part, the last one less
PART_URL_TTL_S = 3600

Tag = Annotated[str, Field(min_length=1, max_length=50)]


class UploadRequest(BaseModel):
    """What a client announces before it uploads."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(min_length=1, max_length=200)
    filename: str = Field(min_length=1, max_length=255)
    mime_type: str
    file_size: int  # bytes
    tags: list[Tag] = Field(default_factory=list, max_length=20)


async def start_upload(call: Call) -> Response:
    """201 with a presigned URL for each part."""
    wanted = await call.body(UploadRequest)
    _check_announcement(wanted, call.services.settings.upload_bytes_max)
    asset_id = str(uuid.uuid4())
    key = original_key(asset_id, wanted.mime_type)
    bucket = call.services.settings.stack.bucket_media
    s3 = call.services.backends.s3
    created = await s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType=wanted.mime_type)
    asset = Asset(
        asset_id=asset_id,
        user_id=call.user_id,
        upload_date=datetime.now(UTC).isoformat(),
        status=UPLOADING,
        s3_key=key,
        upload_id=created["UploadId"],
        **wanted.model_dump(),
    )
    await call.services.assets.put_new(asset)
    numbers = range(1, part_count(wanted.file_size) + 1)
    urls = await asyncio.gather(
        *(_part_url(s3, bucket, key, created["UploadId"], number) for number in numbers)
    )
    parts = [{"part_number": number, "url": url} for number, url in zip(numbers, urls, strict=True)]
    answer = {
        "asset_id": asset_id,
        "upload_id": created["UploadId"],
        "part_size": PART_BYTES,
        "parts": parts,
    }
    return JSONResponse(answer, status_code=201)


def part_count(file_size: int) -> int:
    """How many parts a file of this many bytes is uploaded in."""
    return -(-file_size // PART_BYTES)


def too_large(size: int, bytes_max: int) -> ApiError:
    """413, for an announced as for an uploaded size."""
    return ApiError(413, "file_too_large", f"the file has {size} bytes; {bytes_max} are allowed")


def _check_announcement(wanted: UploadRequest, bytes_max: int) -> None:
    if wanted.mime_type not in SUFFIXES:
        known = " and ".join(SUFFIXES)
        raise ApiError(415, "unsupported_media", f"{wanted.mime_type!r} is not taken; {known} are")
    if wanted.file_size <= 0:
        raise ApiError(422, "empty_file", f"file_size: {wanted.file_size} bytes are not a file")
    if wanted.file_size > bytes_max:
        raise too_large(wanted.file_size, bytes_max)


async def _part_url(s3: Any, bucket: str, key: str, upload_id: str, number: int) -> str:
    params = {"Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": number}
    url: str = await s3.generate_presigned_url("upload_part", Params=params, ExpiresIn=PART_URL_TTL_S)
    return url
