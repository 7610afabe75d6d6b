"""Which contents have renditions already, so that the same GIF uploaded again is copied, not transcoded.

A record in Redis by media type and SHA-256 of the original. It is a cache: a lost record, or one whose
renditions a lifecycle rule deleted, costs one transcode. Two workers that meet a new content in the same
moment both transcode it, with equal results; within one worker the second waits for the first.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from weakref import WeakValueDictionary

from botocore.exceptions import ClientError

from infra_under_test.app.backends import Backends
from infra_under_test.app.media_keys import bucket_of, rendition_key
from infra_under_test.app.settings import StackSettings

RECORD_TTL_S = 30 * 24 * 3600  # shorter than the 90 days after which renditions are deleted
CHUNK_BYTES = 256 * 1024

Renditions = dict[str, dict[str, Any]]  # name: path, bytes, sha256, mime_type, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What was made of a content."""

    renditions: Renditions
    unfit: dict[str, str]  # rendition: why no quality of it fits its platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Originals by content, and the renditions made of them."""

    backends: Backends
    stack: StackSettings
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def download(self, key: str, target: Path) -> str:
        """Fetch an original; returns its SHA-256 in hexadecimal."""
        answer = await self.backends.s3.get_object(Bucket=self.stack.bucket_media, Key=key)
        digest = hashlib.sha256()
        with target.open("wb") as file:
            async with answer["Body"] as body:
                async for chunk in body.iter_chunks(CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
        return digest.hexdigest()

    def lock(self, mime_type: str, sha256: str) -> asyncio.Lock:
        """Held while this worker transcodes a content."""
        return self.locks.setdefault(_record_key(mime_type, sha256), asyncio.Lock())

    async def remember(self, mime_type: str, sha256: str, made: Rendered) -> None:
        """The content now has these renditions."""
        record = json.dumps({"renditions": made.renditions, "unfit": made.unfit})
        await self.backends.redis.set(_record_key(mime_type, sha256), record, ex=RECORD_TTL_S)

    async def copy(self, mime_type: str, sha256: str, asset_id: str) -> Rendered | None:
        """Copies of a known content's renditions for another asset; None when they are not to be had."""
        text = await self.backends.redis.get(_record_key(mime_type, sha256))
        if text is None:
            return None
        record = json.loads(text)
        known: Renditions = record["renditions"]
        copies = {
            name: {
                **rendition,
                "path": f"/{rendition_key(asset_id, name, PurePosixPath(rendition['path']).suffix)}",
            }
            for name, rendition in known.items()
        }
        results = await asyncio.gather(
            *(self._copy_object(known[name]["path"], copies[name]["path"]) for name in known),
            return_exceptions=True,
        )
        errors = [result for result in results if isinstance(result, BaseException)]
        for error in errors:
            if not is_missing(error):
                raise error
        return None if errors else Rendered(renditions=copies, unfit=record["unfit"])

    async def _copy_object(self, source_path: str, target_path: str) -> None:
        source, target = source_path.lstrip("/"), target_path.lstrip("/")
        bucket = bucket_of(source, self.stack)
        await self.backends.s3.copy_object(
            Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source}
        )


def is_missing(error: BaseException) -> bool:
    """Whether S3 has no such object."""
    return isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def _record_key(mime_type: str, sha256: str) -> str:
    return f"content:{mime_type}:{sha256}"
