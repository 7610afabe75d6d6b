"""Jobs through the real queue, ffmpeg and buckets."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest

from tests.support.hostile_mp4 import hostile_mp4s
from tests.support.local_parts import Api, Service, make_gif, until

MAGIC = {
    "preview_mp4": (4, b"ftyp"),
    "slack_gif": (0, b"GIF89a"),
    "webp": (8, b"WEBP"),
    "poster": (0, b"\xff\xd8\xff"),
}
BUCKETS = {"transcode": "gifdistributor-transcode-prod", "cache": "gifdistributor-cache-prod"}


def stored(api: Api, path: str) -> bytes:
    key = path.lstrip("/")
    answer = api.stack.s3.get_object(Bucket=BUCKETS[key.split("/")[0]], Key=key)
    content: bytes = answer["Body"].read()
    return content


def submit(api: Api, content: bytes, **changes: Any) -> str:
    upload = api.upload(content, **changes)
    email = changes.get("email", "one@example.com")
    assert api.complete(upload, email=email).status == 202
    asset_id: str = upload["asset_id"]
    return asset_id


def test_an_upload_becomes_ready_with_the_four_renditions(api: Api, worker: Service) -> None:
    asset = api.wait_for(submit(api, make_gif(1), email="worker@example.com"), "ready", "failed")
    assert asset["status"] == "ready", asset
    assert asset["progress"] == 1
    assert set(asset["renditions"]) == set(MAGIC)
    for name, rendition in asset["renditions"].items():
        content = stored(api, rendition["path"])
        offset, magic = MAGIC[name]
        assert content[offset : offset + len(magic)] == magic
        assert len(content) == rendition["bytes"]
        assert hashlib.sha256(content).hexdigest() == rendition["sha256"]
        assert rendition["setting"] == {}  # all fitted their platforms as they are


def test_known_content_is_copied_and_not_transcoded_again(api: Api, worker: Service) -> None:
    first = api.wait_for(submit(api, make_gif(2), email="copy@example.com"), "ready")
    started = time.monotonic()
    second = api.wait_for(submit(api, make_gif(2), email="other@example.com"), "ready")
    assert time.monotonic() - started < 2
    for name, rendition in second["renditions"].items():
        assert rendition["path"] != first["renditions"][name]["path"]
        assert rendition["sha256"] == first["renditions"][name]["sha256"]
        assert hashlib.sha256(stored(api, rendition["path"])).hexdigest() == rendition["sha256"]


@pytest.mark.parametrize(
    ("content", "changes", "words"),
    [
        (b"just some text, whatever its name says", {}, "neither a GIF nor an MP4"),
        (make_gif(3)[:-40], {}, ""),
        (make_gif(4), {"mime_type": "video/mp4", "filename": "a.mp4"}, "announced as video/mp4"),
        (
            hostile_mp4s()["stsz of 170 million"][0],
            {"mime_type": "video/mp4", "filename": "a.mp4"},
            "170,000,000 samples",
        ),
    ],
    ids=["text named .gif", "truncated GIF", "GIF named .mp4", "MP4 bomb"],
)
def test_a_refused_medium_fails_with_the_reason_and_ends_in_the_dead_letter_queue(
    api: Api, worker: Service, content: bytes, changes: dict[str, str], words: str
) -> None:
    asset_id = submit(api, content, email="refused@example.com", **changes)
    asset = api.wait_for(asset_id, "ready", "failed")
    assert asset["status"] == "failed"
    assert asset["reason"]
    assert words in asset["reason"]
    until(lambda: asset_id in dead_letters(api), "the job among the dead letters", 10)
    assert [event["receives"] for event in worker.events("job_refused") if event["asset_id"] == asset_id] == [
        1
    ]
    healthy = submit(api, make_gif(2), email="refused@example.com")
    assert api.wait_for(healthy, "ready", "failed")["status"] == "ready"


def dead_letters(api: Api) -> set[str]:
    url = api.stack.queues["transcode-dlq.fifo"]
    answer = api.stack.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return {json.loads(message["Body"])["asset_id"] for message in answer.get("Messages", [])}
