"""Where originals and renditions live: S3 keys, which are the edge's paths without the leading slash."""

from __future__ import annotations

from infra_under_test.app.settings import StackSettings

SUFFIXES = {"image/gif": "gif", "video/mp4": "mp4"}  # what may be uploaded
PUBLIC_RENDITIONS = frozenset({"webp", "poster"})  # what pages embed; the others are for signed links
PUBLIC_FOLDERS = frozenset({"cache"})  # served by the edge without a signature


def original_key(asset_id: str, mime_type: str) -> str:
    """The key of an original in the media bucket."""
    return f"assets/{asset_id}.{SUFFIXES[mime_type]}"


def rendition_key(asset_id: str, name: str, suffix: str) -> str:
    """The key of a rendition in the bucket of its folder; `suffix` has its dot."""
    folder = "cache" if name in PUBLIC_RENDITIONS else "transcode"
    return f"{folder}/{asset_id}/{name}{suffix}"


def bucket_of(key: str, stack: StackSettings) -> str:
    """The bucket that holds a key."""
    folder = key.split("/", 1)[0]
    buckets = {
        "assets": stack.bucket_media,
        "transcode": stack.bucket_transcode,
        "cache": stack.bucket_cache,
    }
    return buckets[folder]


def is_public(path: str) -> bool:
    """Whether the edge serves this path unsigned."""
    return path.lstrip("/").split("/", 1)[0] in PUBLIC_FOLDERS
